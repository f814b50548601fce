extension DecimalDigits {
  /// The quotient to `scale` decimals, from estimated digits, nearly always rounded correctly.
  ///
  /// Logarithms and negative powers use it where an exact quotient would do, because Postgres does: it follows
  /// `div_var_fast` of `numeric.c` step by step, and so errs where that errs.
  func dividedByEstimating(_ divisor: DecimalDigits, scale: Int) -> DecimalDigits {
    guard divisor.digits.count > 2 else { return divided(by: divisor, scale: scale) }
    if isZero { return .zero(scale: scale) }
    let base = Self.base
    let resultWeight = weight - divisor.weight + 1
    let guardDigits = 4
    let count = max(resultWeight + 1 + (scale + 3) / 4 + guardDigits, guardDigits)
    var rest = [Int](repeating: 0, count: count + 1)
    for index in 0..<min(count, digits.count) { rest[index + 1] = Int(digits[index]) }
    let other = divisor.digits.map(Int.init)

    let leading = (1..<4).reduce(Double(other[0])) {
      $0 * Double(base) + ($1 < other.count ? Double(other[$1]) : 0)
    }
    let inverse = 1 / leading
    func estimate(at index: Int) -> Int {
      let dividend = (1..<4).reduce(Double(rest[index])) {
        $0 * Double(base) + (index + $1 <= count ? Double(rest[index + $1]) : 0)
      }
      let quotient = dividend * inverse
      return quotient >= 0 ? Int(quotient) : Int(quotient) - 1
    }

    // When this bound on the digits, in units of base - 1, is passed, C would overflow and carries are due.
    let bound = (Int(Int32.max) - Int(Int32.max) / base - 1) / (base - 1)
    var largest = 1
    for index in 0..<count {
      var digit = estimate(at: index)
      if digit != 0 {
        largest += abs(digit)
        if largest > bound {
          var carry = 0
          for position in stride(from: min(index + other.count - 2, count), to: index, by: -1) {
            let sum = rest[position] + carry
            carry = sum.floorDivided(by: base)
            rest[position] = sum - carry * base
          }
          rest[index] += carry
          largest = 1
          digit = estimate(at: index)
          largest += abs(digit)
        }
        if digit != 0 {
          for position in 0..<min(other.count, count - index + 1) {
            rest[index + position] -= digit * other[position]
          }
        }
      }
      rest[index + 1] += rest[index] * base
      rest[index] = digit
    }
    let last = Double(rest[count]) * Double(base) * Double(base) * Double(base) * inverse
    rest[count] = last >= 0 ? Int(last) : Int(last) - 1

    var result = [UInt16](repeating: 0, count: count + 1)
    var carry = 0
    for index in stride(from: count, through: 0, by: -1) {
      let sum = rest[index] + carry
      carry = sum.floorDivided(by: base)
      result[index] = UInt16(sum - carry * base)
    }
    var quotient = DecimalDigits(
      digits: result, weight: resultWeight, isNegative: isNegative != divisor.isNegative, scale: scale)
    quotient.round(to: scale)
    return quotient
  }

  /// The nearest `Double`; infinite where it lies beyond.
  var approximation: Double {
    var bytes: [UInt8] = []
    appendText(to: &bytes)
    return Double(String(decoding: bytes, as: UTF8.self)) ?? .nan
  }

  /// Estimates the decimal weight of the natural logarithm: 2 for a logarithm in the hundreds.
  var logarithmWeight: Int {
    guard !isNegative, !isZero else { return 0 }
    let (low, high) = (
      DecimalDigits(mantissa: 9, scale: 1), DecimalDigits(mantissa: 11, scale: 1)
    )
    if Self.order(self, low) >= 0, Self.order(self, high) <= 0 {
      let distance = subtracting(DecimalDigits(1))
      guard let first = distance.digits.first else { return 0 }
      return distance.weight * 4 + String(first).utf8.count - 1
    }
    var leading = Int(digits[0])
    var exponent = weight * 4
    if digits.count > 1 {
      leading = leading * Self.base + Int(digits[1])
      exponent -= 4
    }
    let logarithm = _log(Double(leading)) + Double(exponent) * 2.302585092994046
    return Int(_log10(abs(logarithm)))
  }
}
