extension Decimal {
  /// The mean, as Postgres's `avg` over integers and numerics: nil for no values.
  package static func average(sum: Decimal, count: Int64) throws(RowFault) -> Decimal? {
    count == 0 ? nil : try sum.divided(by: Decimal(count))
  }

  /// The variance, as Postgres's `var_samp` and `var_pop` over integers and numerics, digit for digit.
  ///
  /// - Parameters:
  ///   - sum: the exact sum, with the largest scale of the values; nil where one of them is not finite. It may be
  ///     one that no numeric holds.
  ///   - sumOfSquares: the exact sum of the squares, likewise.
  ///   - sample: divide by `count - 1` rather than `count`.
  /// - Returns: nil for no values, and for a sample of one; NaN when any value was NaN or infinite.
  package static func variance(
    sum: DecimalDigits?, sumOfSquares: DecimalDigits?, count: Int64, sample: Bool
  ) throws(RowFault) -> Decimal? {
    guard count > (sample ? 1 : 0) else { return nil }
    guard let spread = spread(sum, sumOfSquares, count, sample) else { return .notANumber }
    return try Decimal(spread.value)
  }

  /// The standard deviation, as Postgres's `stddev_samp` and `stddev_pop`; parameters as for `variance`.
  package static func standardDeviation(
    sum: DecimalDigits?, sumOfSquares: DecimalDigits?, count: Int64, sample: Bool
  ) throws(RowFault) -> Decimal? {
    guard count > (sample ? 1 : 0) else { return nil }
    guard let spread = spread(sum, sumOfSquares, count, sample) else { return .notANumber }
    let isPlainZero = spread.value.isZero && spread.scale == 0
    return try Decimal(isPlainZero ? spread.value : spread.value.squareRoot(scale: spread.scale))
  }

  /// The variance and the scale of its division: `numeric_stddev_internal` of Postgres's `numeric.c`. The
  /// scale is zero where the numerator is not positive, and the result then a plain 0.
  private static func spread(
    _ sum: DecimalDigits?, _ squares: DecimalDigits?, _ count: Int64, _ sample: Bool
  ) -> (value: DecimalDigits, scale: Int)? {
    guard let sum, let squares else { return nil }
    let number = DecimalDigits(mantissa: Int128(count), scale: 0)
    let scale = sum.scale * 2
    let numerator = number.multiplied(by: squares, scale: scale)
      .subtracting(sum.multiplied(by: sum, scale: scale))
    if numerator.isZero || numerator.isNegative { return (.zero(scale: 0), 0) }
    let degrees = DecimalDigits(mantissa: Int128(count) - (sample ? 1 : 0), scale: 0)
    let denominator = number.multiplied(by: degrees, scale: 0)
    let quotientScale = DecimalDigits.quotientScale(numerator, denominator)
    return (numerator.divided(by: denominator, scale: quotientScale), quotientScale)
  }
}
