/// Holds a finite number of any length as base-10,000 digits, for what does not fit `Int128`.
///
/// The value is the sum of `digits[i] * 10000^(weight - i)`. Always normalised: no leading or trailing zero
/// digit; zero has no digits, weight 0 and no sign. `scale` is the number of decimals shown, and no digit
/// stands to the right of it. The layout is that of Postgres's numeric (`numeric.c`, `NumericVar`), so that
/// every intermediate rounding falls where Postgres's falls.
package struct DecimalDigits: Sendable, Hashable {
  static let base = 10_000

  var digits: [UInt16]
  var weight: Int
  var isNegative: Bool
  var scale: Int

  init(digits: [UInt16], weight: Int, isNegative: Bool, scale: Int) {
    self.digits = digits
    self.weight = weight
    self.isNegative = isNegative
    self.scale = scale
    normalise()
  }

  package static func zero(scale: Int) -> DecimalDigits {
    DecimalDigits(digits: [], weight: 0, isNegative: false, scale: scale)
  }

  init(_ value: Int) { self.init(mantissa: Int128(value), scale: 0) }

  /// The value `mantissa * 10^-scale`.
  package init(mantissa: Int128, scale: Int) {
    var rest = mantissa.magnitude
    let fractionDigits = (scale + 3) / 4
    var reversed: [UInt16] = []
    // The last digit holds only the decimals that the scale leaves over.
    switch scale % 4 {
    case 1:
      reversed.append(UInt16(rest % 10) * 1000)
      rest /= 10
    case 2:
      reversed.append(UInt16(rest % 100) * 100)
      rest /= 100
    case 3:
      reversed.append(UInt16(rest % 1000) * 10)
      rest /= 1000
    default: break
    }
    while rest > UInt128(UInt64.max) {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10_000)
      reversed.append(UInt16(remainder))
      rest = quotient
    }
    var low = UInt64(rest)
    while low > 0 {
      reversed.append(UInt16(low % 10_000))
      low /= 10_000
    }
    let weight = reversed.count - 1 - fractionDigits
    reversed.reverse()
    self.init(digits: reversed, weight: weight, isNegative: mantissa < 0, scale: scale)
  }

  var isZero: Bool { digits.isEmpty }

  /// The digit that counts `10000^position`, zero where none is held.
  func digit(at position: Int) -> Int {
    let index = weight - position
    return index >= 0 && index < digits.count ? Int(digits[index]) : 0
  }

  mutating func normalise() {
    var leading = 0
    while leading < digits.count, digits[leading] == 0 { leading += 1 }
    if leading > 0 {
      digits.removeFirst(leading)
      weight -= leading
    }
    while digits.last == 0 { digits.removeLast() }
    if digits.isEmpty {
      weight = 0
      isNegative = false
    }
  }

  /// `value * 10^scale` as an integer, or nil where `Int128` cannot hold it.
  package var mantissa: Int128? {
    if isZero { return 0 }
    // 10^38 < Int128.max < 10^39: ten digits after the first are already too many.
    guard (weight + 1) * 4 + scale <= 42 else { return nil }
    var result: Int128 = 0
    let lastWhole = -(scale / 4)
    var position = weight
    while position >= lastWhole {
      let (shifted, tooBig) = result.multipliedReportingOverflow(by: 10_000)
      let (sum, tooBigToo) = shifted.addingReportingOverflow(Int128(digit(at: position)))
      if tooBig || tooBigToo { return nil }
      result = sum
      position -= 1
    }
    let decimalsLeft = scale % 4
    if decimalsLeft > 0 {
      let power = [1, 10, 100, 1000][decimalsLeft]
      let part = digit(at: lastWhole - 1) / (10_000 / power)
      let (shifted, tooBig) = result.multipliedReportingOverflow(by: Int128(power))
      let (sum, tooBigToo) = shifted.addingReportingOverflow(Int128(part))
      if tooBig || tooBigToo { return nil }
      result = sum
    }
    return isNegative ? -result : result
  }

  /// The order of the absolute values: negative, zero or positive.
  static func orderOfMagnitudes(_ left: DecimalDigits, _ right: DecimalDigits) -> Int {
    if left.isZero || right.isZero { return (left.isZero ? 0 : 1) - (right.isZero ? 0 : 1) }
    if left.weight != right.weight { return left.weight < right.weight ? -1 : 1 }
    for index in 0..<min(left.digits.count, right.digits.count)
    where left.digits[index] != right.digits[index] {
      return left.digits[index] < right.digits[index] ? -1 : 1
    }
    return left.digits.count - right.digits.count
  }

  static func order(_ left: DecimalDigits, _ right: DecimalDigits) -> Int {
    if left.isNegative != right.isNegative { return left.isNegative ? -1 : 1 }
    let magnitudes = orderOfMagnitudes(left, right)
    return left.isNegative ? -magnitudes : magnitudes
  }
}
