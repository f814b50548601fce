extension Decimal {
  /// The mean, as Postgres's `avg` over integers and numerics: nil for no values.
  package static func average(sum: Decimal, count: Int64) throws(RowFault) -> Decimal? {
    count == 0 ? nil : try sum.divided(by: Decimal(count))
  }

  /// The variance, as Postgres's `var_samp` and `var_pop` over integers and numerics, digit for digit.
  ///
  /// - Parameters:
  ///   - sum: the exact sum, with the largest scale of the values.
  ///   - sumOfSquares: the exact sum of the squares.
  ///   - sample: divide by `count - 1` rather than `count`.
  /// - Returns: nil for no values, and for a sample of one; NaN when any value was NaN or infinite.
  package static func variance(
    sum: Decimal, sumOfSquares: Decimal, count: Int64, sample: Bool
  ) throws(RowFault) -> Decimal? {
    guard count > (sample ? 1 : 0) else { return nil }
    return try spread(sum, sumOfSquares, count, sample)?.value ?? .notANumber
  }

  /// The standard deviation, as Postgres's `stddev_samp` and `stddev_pop`; parameters as for `variance`.
  package static func standardDeviation(
    sum: Decimal, sumOfSquares: Decimal, count: Int64, sample: Bool
  ) throws(RowFault) -> Decimal? {
    guard count > (sample ? 1 : 0) else { return nil }
    guard let spread = try spread(sum, sumOfSquares, count, sample) else { return .notANumber }
    guard !spread.value.isZero || spread.scale > 0, let digits = spread.value.digits else {
      return spread.value
    }
    return try Decimal(digits.squareRoot(scale: spread.scale))
  }

  /// The variance and the scale of its division: `numeric_stddev_internal` of Postgres's `numeric.c`. The
  /// scale is zero where the numerator is not positive, and the result then a plain 0.
  private static func spread(
    _ sum: Decimal, _ sumOfSquares: Decimal, _ count: Int64, _ sample: Bool
  ) throws(RowFault) -> (value: Decimal, scale: Int)? {
    guard let sum = sum.digits, let squares = sumOfSquares.digits else { return nil }
    let number = DecimalDigits(mantissa: Int128(count), scale: 0)
    let scale = sum.scale * 2
    let numerator = number.multiplied(by: squares, scale: scale)
      .subtracting(sum.multiplied(by: sum, scale: scale))
    if numerator.isZero || numerator.isNegative { return (.zero, 0) }
    let degrees = DecimalDigits(mantissa: Int128(count) - (sample ? 1 : 0), scale: 0)
    let denominator = number.multiplied(by: degrees, scale: 0)
    let quotientScale = DecimalDigits.quotientScale(numerator, denominator)
    return (try Decimal(numerator.divided(by: denominator, scale: quotientScale)), quotientScale)
  }
}
