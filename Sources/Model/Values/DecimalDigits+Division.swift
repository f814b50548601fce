extension DecimalDigits {
  /// The quotient to `scale` decimals, rounded half away from zero or cut off; the divisor is not zero.
  ///
  /// Source: Knuth, The Art of Computer Programming, volume 2, 4.3.1, Algorithm D, in base 10,000.
  func divided(by divisor: DecimalDigits, scale: Int, rounding: Bool = true) -> DecimalDigits {
    let fractionDigits = (scale + 3) / 4 + (rounding ? 1 : 0)
    let count = weight - divisor.weight + 1 + fractionDigits
    guard !isZero, count > 0 else { return .zero(scale: scale) }
    let quotientDigits = Self.quotientDigits(of: self, by: divisor, count: count)
    var quotient = DecimalDigits(
      digits: quotientDigits, weight: weight - divisor.weight,
      isNegative: isNegative != divisor.isNegative, scale: scale)
    if rounding { quotient.round(to: scale) } else { quotient.truncate(to: scale) }
    return quotient
  }

  /// The first `count` digits of the quotient, the first of which counts `10000^(weight - divisor.weight)`.
  private static func quotientDigits(
    of dividend: DecimalDigits, by divisor: DecimalDigits, count: Int
  ) -> [UInt16] {
    let length = divisor.digits.count
    var quotient = [UInt16](repeating: 0, count: count)
    if length == 1 {
      let single = Int(divisor.digits[0])
      var rest = 0
      for index in 0..<count {
        rest = rest * base + (index < dividend.digits.count ? Int(dividend.digits[index]) : 0)
        quotient[index] = UInt16(rest / single)
        rest %= single
      }
      return quotient
    }

    // Scale both so that the divisor's first digit is at least half the base: then each estimate from the
    // first two digits is at most two too large.
    let factor = base / (Int(divisor.digits[0]) + 1)
    var rest = [Int](repeating: 0, count: count + length)
    var carry = 0
    for index in stride(from: count + length - 2, through: 0, by: -1) {
      let product = (index < dividend.digits.count ? Int(dividend.digits[index]) : 0) * factor + carry
      rest[index + 1] = product % base
      carry = product / base
    }
    rest[0] = carry
    var scaled = [Int](repeating: 0, count: length)
    carry = 0
    for index in stride(from: length - 1, through: 0, by: -1) {
      let product = Int(divisor.digits[index]) * factor + carry
      scaled[index] = product % base
      carry = product / base
    }

    for index in 0..<count {
      let top = rest[index] * base + rest[index + 1]
      if top == 0 { continue }
      var estimate = min(top / scaled[0], base - 1)
      while estimate * scaled[1] > (top - estimate * scaled[0]) * base + rest[index + 2] { estimate -= 1 }
      var borrow = 0
      for position in stride(from: length - 1, through: 0, by: -1) {
        let difference = rest[index + 1 + position] - estimate * scaled[position] - borrow
        let digit = difference.floorRemainder(dividingBy: base)
        rest[index + 1 + position] = digit
        borrow = (digit - difference) / base
      }
      rest[index] -= borrow
      if rest[index] < 0 {
        estimate -= 1
        carry = 0
        for position in stride(from: length - 1, through: 0, by: -1) {
          let sum = rest[index + 1 + position] + scaled[position] + carry
          carry = sum >= base ? 1 : 0
          rest[index + 1 + position] = sum - carry * base
        }
        rest[index] += carry
      }
      quotient[index] = UInt16(estimate)
    }
    return quotient
  }

  /// The quotient and the remainder of two non-negative integers.
  func integerQuotientAndRemainder(dividingBy divisor: DecimalDigits) -> (DecimalDigits, DecimalDigits) {
    let quotient = divided(by: divisor, scale: 0, rounding: false)
    return (quotient, subtracting(quotient.multipliedExactly(by: divisor)))
  }

  /// The scale of the quotient of two numerics.
  ///
  /// Source: `select_div_scale` of Postgres's `numeric.c`: at least 16 significant digits, and no fewer
  /// decimals than either operand, at most 1,000.
  static func quotientScale(_ dividend: DecimalDigits, _ divisor: DecimalDigits) -> Int {
    quotientScale(
      weights: (dividend.weight, divisor.weight),
      firstDigits: (Int(dividend.digits.first ?? 0), Int(divisor.digits.first ?? 0)),
      scales: (dividend.scale, divisor.scale))
  }

  static func quotientScale(weights: (Int, Int), firstDigits: (Int, Int), scales: (Int, Int)) -> Int {
    let weight = weights.0 - weights.1 - (firstDigits.0 <= firstDigits.1 ? 1 : 0)
    return resultScale(significant: Decimal.significantDigits - weight * 4, scales.0, scales.1)
  }

  /// The scale that shows so many significant digits, is not below the operands' and stays within 0...1000.
  static func resultScale(significant: Int, _ scales: Int...) -> Int {
    min(max(significant, scales.max() ?? 0, 0), Decimal.maximumComputedScale)
  }
}
