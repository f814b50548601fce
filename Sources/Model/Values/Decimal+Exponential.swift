/// Exponentials, logarithms and powers.
///
/// They follow Postgres 15's `numeric.c` through every intermediate rounding, so the digits agree with that
/// version. Later versions compute the same functions with other intermediate scales: powers with a whole
/// exponent show other scales from version 16 on.
extension Decimal {
  /// - Throws: `RowFault` 22003 beyond numeric's range.
  package func exponential() throws(RowFault) -> Decimal {
    if case .negativeInfinity = storage { return .zero }
    guard let digits else { return self }
    let limit = Double(DecimalDigits.maximumResultScale)
    let estimate = min(max(digits.approximation * DecimalDigits.log10OfE, -limit), limit)
    let scale = DecimalDigits.resultScale(significant: Self.significantDigits - Int(estimate), digits.scale)
    return try Decimal(digits.exponential(scale: scale))
  }

  /// - Throws: `RowFault` 2201E for zero and negative numbers.
  package func naturalLogarithm() throws(RowFault) -> Decimal {
    if isNaN { return self }
    if signum < 0 { throw .logarithmOfNegative }
    guard let digits else { return self }
    let scale = DecimalDigits.resultScale(
      significant: Self.significantDigits - digits.logarithmWeight, digits.scale)
    return try Decimal(digits.naturalLogarithm(scale: scale))
  }

  /// The logarithm to a base, 10 where none is given.
  /// - Throws: `RowFault` 2201E for zero and negative numbers, 22012 for the base 1.
  package func logarithm(base: Decimal = Decimal(Int64(10))) throws(RowFault) -> Decimal {
    guard let number = digits, let base = base.digits else {
      if isNaN || base.isNaN { return .notANumber }
      if signum < 0 || base.signum < 0 { throw .logarithmOfNegative }
      if isZero || base.isZero { throw .logarithmOfZero }
      if base.isInfinite { return isInfinite ? .notANumber : .zero }
      return .infinity
    }
    let baseWeight = base.logarithmWeight
    let numberWeight = number.logarithmWeight
    let weight = numberWeight - baseWeight
    let scale = DecimalDigits.resultScale(
      significant: Self.significantDigits - weight, base.scale, number.scale)
    let divisor = try base.naturalLogarithm(scale: max(scale + weight - baseWeight + 8, 0))
    let dividend = try number.naturalLogarithm(scale: max(scale + weight - numberWeight + 8, 0))
    if divisor.isZero { throw .divisionByZero }
    return try Decimal(dividend.dividedByEstimating(divisor, scale: scale))
  }

  /// `self` to the power of `exponent`.
  /// - Throws: `RowFault` 22003 beyond numeric's range, 2201F for zero to a negative power and for a negative
  ///   number to a power that is not whole.
  package func power(_ exponent: Decimal) throws(RowFault) -> Decimal {
    guard let base = digits, let exponentDigits = exponent.digits else {
      return try specialPower(exponent)
    }
    if base.isZero && exponentDigits.isNegative { throw .zeroToNegativePower }
    if let whole = exponent.wholeNumber.flatMap(Int32.init(exactly:)) {
      let scale = DecimalDigits.resultScale(significant: Self.significantDigits, base.scale)
      return try Decimal(base.power(Int(whole), scale: scale))
    }
    if base.isZero { return Decimal(mantissa: 0, scale: Self.significantDigits) }
    if base.isNegative && !exponent.isIntegral { throw .complexPower }
    return try Decimal(base.power(exponentDigits))
  }

  /// A power where the base or the exponent is NaN or infinite, as POSIX defines `pow`.
  private func specialPower(_ exponent: Decimal) throws(RowFault) -> Decimal {
    let one = Decimal(Int64(1))
    if isNaN { return exponent.isZero ? one : self }
    let isOne = Self.order(self, one) == 0
    if exponent.isNaN { return isOne ? one : exponent }
    if isZero && exponent.signum < 0 { throw .zeroToNegativePower }
    if signum < 0 && !exponent.isIntegral { throw .complexPower }
    if isOne || exponent.isZero { return one }
    if isZero { return .zero }
    if exponent.isInfinite {
      let order = Self.order(magnitude, one)
      if order == 0 { return one }
      return (order > 0) == (exponent.signum > 0) ? .infinity : .zero
    }
    if exponent.signum < 0 { return .zero }
    return signum < 0 && exponent.digits?.isOdd == true ? .negativeInfinity : .infinity
  }
}

extension RowFault {
  static let logarithmOfZero = RowFault(sqlState: "2201E", sentence: "cannot take logarithm of zero")
  static let logarithmOfNegative = RowFault(
    sqlState: "2201E", sentence: "cannot take logarithm of a negative number")
  static let zeroToNegativePower = RowFault(
    sqlState: "2201F", sentence: "zero raised to a negative power is undefined")
  static let complexPower = RowFault(
    sqlState: "2201F",
    sentence: "a negative number raised to a non-integer power yields a complex result")
}
