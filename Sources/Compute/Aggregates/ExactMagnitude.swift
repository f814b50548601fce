/// An unsigned whole number of any length times a power of two: what exact float sums, means and variances
/// are computed in before they are rounded once.
struct ExactMagnitude: Equatable {
  /// Base 2^32, lowest first; no zero digit at the end.
  var digits: [UInt32]
  /// The value is the digits' number times `2^exponent`.
  var exponent: Int
  /// Something positive, but less than one unit of the lowest digit, was cut off.
  var isCutOff = false

  init(digits: [UInt32], exponent: Int) {
    self.digits = digits
    self.exponent = exponent
    trim()
  }

  var isZero: Bool { digits.isEmpty }

  var bitCount: Int {
    digits.isEmpty ? 0 : digits.count * 32 - digits[digits.count - 1].leadingZeroBitCount
  }

  private mutating func trim() {
    while digits.last == 0 { digits.removeLast() }
  }

  func multiplied(by other: ExactMagnitude) -> ExactMagnitude {
    var product = [UInt32](repeating: 0, count: digits.count + other.digits.count)
    for i in digits.indices {
      var carry: UInt64 = 0
      for j in other.digits.indices {
        let sum = UInt64(digits[i]) * UInt64(other.digits[j]) + UInt64(product[i + j]) + carry
        product[i + j] = UInt32(truncatingIfNeeded: sum)
        carry = sum >> 32
      }
      product[i + other.digits.count] = UInt32(carry)
    }
    return ExactMagnitude(digits: product, exponent: exponent + other.exponent)
  }

  func multiplied(by factor: UInt64) -> ExactMagnitude {
    let digits = [UInt32(truncatingIfNeeded: factor), UInt32(factor >> 32)]
    return multiplied(by: ExactMagnitude(digits: digits, exponent: 0))
  }

  /// The same value with an exponent lower by `bits`.
  func shifted(by bits: Int) -> ExactMagnitude {
    let (whole, rest) = (bits >> 5, UInt64(bits & 31))
    var result = [UInt32](repeating: 0, count: whole)
    result.reserveCapacity(whole + digits.count + 1)
    var carry: UInt64 = 0
    for digit in digits {
      let wide = UInt64(digit) << rest | carry
      result.append(UInt32(truncatingIfNeeded: wide))
      carry = wide >> 32
    }
    result.append(UInt32(carry))
    return ExactMagnitude(digits: result, exponent: exponent - bits)
  }

  /// `self - other`, or nil where that is negative. Neither may be cut off.
  func subtracting(_ other: ExactMagnitude) -> ExactMagnitude? {
    let common = min(exponent, other.exponent)
    let left = shifted(by: exponent - common)
    let right = other.shifted(by: other.exponent - common)
    var result: [UInt32] = []
    result.reserveCapacity(left.digits.count)
    var borrow: Int64 = 0
    for index in 0..<max(left.digits.count, right.digits.count) {
      let a = index < left.digits.count ? Int64(left.digits[index]) : 0
      let b = index < right.digits.count ? Int64(right.digits[index]) : 0
      let difference = a - b + borrow
      result.append(UInt32(truncatingIfNeeded: difference))
      borrow = difference >> 32
    }
    return borrow < 0 ? nil : ExactMagnitude(digits: result, exponent: common)
  }

  /// The quotient, cut off after at least 128 significant bits. The exponent of the result is even, so that a
  /// root can follow.
  func divided(by divisor: UInt64) -> ExactMagnitude {
    // 192 bits over a divisor of 64 leave 128.
    var bits = max(0, 192 - bitCount)
    if (exponent - bits) & 1 != 0 { bits += 1 }
    let source = shifted(by: bits)
    var quotient = source.digits
    var rest: UInt128 = 0
    for index in quotient.indices.reversed() {
      let dividend = rest << 32 | UInt128(quotient[index])
      let (digit, remainder) = dividend.quotientAndRemainder(dividingBy: UInt128(divisor))
      quotient[index] = UInt32(truncatingIfNeeded: digit)
      rest = remainder
    }
    var result = ExactMagnitude(digits: quotient, exponent: source.exponent)
    result.isCutOff = isCutOff || rest != 0
    return result
  }

  /// The square root, cut off after at least 62 bits. The exponent must be even, the bits at least 126.
  func squareRoot() -> ExactMagnitude {
    if isZero { return self }
    // The upper 126 or more bits, an even number of them left out.
    var dropped = max(0, bitCount - 126)
    if (exponent + dropped) & 1 != 0 { dropped -= 1 }
    var (head, isCutOff) = topBits(droppingLow: dropped)
    isCutOff = isCutOff || self.isCutOff
    var root = UInt128(Double(head).squareRoot())
    // The estimate is good to 50 bits; two steps of Newton's iteration make it exact but for one unit.
    for _ in 0..<3 where root > 0 { root = (root + head / root) >> 1 }
    while root.multipliedFullWidth(by: root).high != 0 || root * root > head { root -= 1 }
    while (root + 1) * (root + 1) <= head { root += 1 }
    var result = ExactMagnitude(
      digits: [UInt32(truncatingIfNeeded: root), UInt32(truncatingIfNeeded: root >> 32)],
      exponent: (exponent + dropped) / 2)
    result.isCutOff = isCutOff || root * root != head
    return result
  }

  /// The number without its lowest `dropped` bits, and whether those held anything. At most 128 bits may remain.
  private func topBits(droppingLow dropped: Int) -> (UInt128, Bool) {
    var head: UInt128 = 0
    var hasRest = false
    let (whole, bits) = (dropped >> 5, dropped & 31)
    for index in digits.indices.reversed() {
      let digit = digits[index]
      if index > whole {
        head = head << 32 | UInt128(digit)
      } else if index == whole {
        head = head << UInt128(32 - bits) | UInt128(digit >> UInt32(bits))
        hasRest = bits > 0 && digit << UInt32(32 - bits) != 0
      } else {
        hasRest = hasRest || digit != 0
      }
    }
    return (head, hasRest)
  }

  /// The nearest number of the type, ties to even; infinity where it is too large.
  func rounded<Float: BinaryFloatingPoint>(to type: Float.Type) -> Float {
    if isZero { return 0 }
    let topExponent = bitCount - 1 + exponent
    if topExponent > Int(Float.greatestFiniteMagnitude.exponent) { return .infinity }
    let precision = Float.significandBitCount + 1
    let lowest = Int(Float.leastNormalMagnitude.exponent) - precision + 1
    // The exponent of the last bit that the result keeps.
    let last = max(topExponent - precision + 1, lowest)
    let kept = bitCount + exponent - last
    if kept < 0 { return 0 }
    // Two bits more than the result keeps, the lower of which says whether there is anything below.
    let dropped = last - 2 - exponent
    var head: UInt128
    var hasRest = isCutOff
    if dropped <= 0 {
      head = topBits(droppingLow: 0).0 << UInt128(-dropped)
    } else {
      let (bits, rest) = topBits(droppingLow: dropped)
      head = bits
      hasRest = hasRest || rest
    }
    if hasRest { head |= 1 }
    var whole = UInt64(head >> 2)
    let fraction = head & 3
    if fraction == 3 || (fraction == 2 && whole & 1 == 1) { whole += 1 }
    return Float(sign: .plus, exponent: 0, significand: Float(whole)) * Self.power(of: last, Float.self)
  }

  /// Multiplies exactly: the significand is already rounded to what the result holds.
  private static func power<Float: BinaryFloatingPoint>(of exponent: Int, _ type: Float.Type) -> Float {
    Float(sign: .plus, exponent: Float.Exponent(exponent), significand: 1)
  }
}
