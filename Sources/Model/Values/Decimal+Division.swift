extension Decimal {
  /// The least number of significant digits that Postgres computes of a quotient, a root or a logarithm.
  static let significantDigits = 16
  /// The most decimals that it computes of them.
  static let maximumComputedScale = 1000

  /// The quotient, rounded half away from zero to the scale that Postgres chooses.
  /// - Throws: `RowFault` 22012 for a zero divisor, 22003 beyond numeric's range.
  package func divided(by divisor: Decimal) throws(RowFault) -> Decimal {
    if let quotient = dividedQuickly(by: divisor) { return quotient }
    guard let left = digits, let right = divisor.digits else {
      return try specialQuotient(by: divisor)
    }
    if right.isZero { throw .divisionByZero }
    return try Decimal(left.divided(by: right, scale: DecimalDigits.quotientScale(left, right)))
  }

  /// The quotient cut off towards zero to a whole number: Postgres's `div`.
  /// - Throws: `RowFault` 22012 for a zero divisor.
  package func wholeQuotient(dividingBy divisor: Decimal) throws(RowFault) -> Decimal {
    guard let left = digits, let right = divisor.digits else {
      return try specialQuotient(by: divisor)
    }
    if right.isZero { throw .divisionByZero }
    return try Decimal(left.divided(by: right, scale: 0, rounding: false))
  }

  /// What is left of `self` after taking away the divisor as often as it goes, with the sign of `self`.
  /// - Throws: `RowFault` 22012 for a zero divisor.
  package func remainder(dividingBy divisor: Decimal) throws(RowFault) -> Decimal {
    if case .small(let a, let scaleA) = storage, case .small(let b, let scaleB) = divisor.storage,
      scaleA == scaleB, b != 0
    {
      return Decimal(storage: .small(a % b, scale: scaleA))
    }
    guard let left = digits, let right = divisor.digits else {
      if isNaN || divisor.isNaN { return .notANumber }
      if isFinite { return self }
      if divisor.isZero { throw .divisionByZero }
      return .notANumber
    }
    if right.isZero { throw .divisionByZero }
    let times = left.divided(by: right, scale: 0, rounding: false)
    return try Decimal(left.subtracting(times.multiplied(by: right, scale: right.scale)))
  }

  /// A quotient where at least one of both is NaN or infinite.
  private func specialQuotient(by divisor: Decimal) throws(RowFault) -> Decimal {
    if isNaN || divisor.isNaN { return .notANumber }
    if isFinite { return .zero }
    if divisor.isInfinite { return .notANumber }
    if divisor.isZero { throw .divisionByZero }
    return signum == divisor.signum ? .infinity : .negativeInfinity
  }

  /// The quotient where all of it fits `Int128`; nil otherwise.
  private func dividedQuickly(by divisor: Decimal) -> Decimal? {
    guard case .small(let a, let scaleA) = storage, case .small(let b, let scaleB) = divisor.storage,
      b != 0
    else { return nil }
    let first = Self.leadingDigit(a, scale: Int(scaleA))
    let second = Self.leadingDigit(b, scale: Int(scaleB))
    let scale = DecimalDigits.quotientScale(
      weights: (first.weight, second.weight), firstDigits: (first.digit, second.digit),
      scales: (Int(scaleA), Int(scaleB)))
    guard let unit = PowersOfTen.int128(scale + Int(scaleB) - Int(scaleA)) else { return nil }
    let (dividend, tooBig) = a.multipliedReportingOverflow(by: unit)
    if tooBig { return nil }
    let (quotient, rest) = dividend.quotientAndRemainder(dividingBy: b)
    let up = rest.magnitude >= b.magnitude - rest.magnitude
    let awayFromZero: Int128 = (a < 0) == (b < 0) ? 1 : -1
    return Decimal(storage: .small(up ? quotient + awayFromZero : quotient, scale: Int32(scale)))
  }

  /// The first base-10,000 digit of a number and the power of 10,000 that it counts; zeros for zero.
  private static func leadingDigit(_ mantissa: Int128, scale: Int) -> (weight: Int, digit: Int) {
    let magnitude = mantissa.magnitude
    if magnitude == 0 { return (0, 0) }
    let count = PowersOfTen.digitCount(magnitude)
    let exponent = count - 1 - scale
    let weight = exponent.floorDivided(by: 4)
    let shift = count - (exponent - weight * 4 + 1)
    guard let unit = PowersOfTen.int128(abs(shift)) else { return (weight, 0) }
    return (weight, Int(shift >= 0 ? magnitude / UInt128(unit) : magnitude * UInt128(unit)))
  }
}
