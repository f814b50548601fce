extension Decimal {
  /// Rounds half away from zero; a negative scale rounds before the point, and the result's scale is then 0.
  /// - Throws: `RowFault` 22003 where rounding up leaves numeric's range.
  package func rounded(toScale scale: Int) throws(RowFault) -> Decimal {
    if case .small(let mantissa, let current) = storage, scale >= 0, scale <= Self.maximumScale {
      let dropped = Int(current) - scale
      if dropped == 0 { return self }
      if dropped > 0 {
        guard let unit = PowersOfTen.int128(dropped) else {
          return Decimal(storage: .small(0, scale: Int32(scale)))
        }
        let (quotient, rest) = mantissa.quotientAndRemainder(dividingBy: unit)
        let up = rest.magnitude >= unit.magnitude - rest.magnitude
        let result = up ? quotient + (mantissa < 0 ? -1 : 1) : quotient
        return Decimal(storage: .small(result, scale: Int32(scale)))
      }
      if let widened = widened(mantissa, by: -dropped) {
        return Decimal(storage: .small(widened, scale: Int32(scale)))
      }
    }
    guard var digits else { return self }
    digits.round(to: min(max(scale, -(Self.maximumWeight + 1) * 4 - 1), Self.maximumScale))
    digits.scale = max(digits.scale, 0)
    return try Decimal(digits)
  }

  /// Cuts off towards zero; a negative scale cuts before the point, and the result's scale is then 0.
  package func truncated(toScale scale: Int) throws(RowFault) -> Decimal {
    if case .small(let mantissa, let current) = storage, scale >= 0, scale <= Self.maximumScale {
      let dropped = Int(current) - scale
      if dropped >= 0 {
        let unit = PowersOfTen.int128(dropped)
        return Decimal(storage: .small(unit.map { mantissa / $0 } ?? 0, scale: Int32(scale)))
      }
      if let widened = widened(mantissa, by: -dropped) {
        return Decimal(storage: .small(widened, scale: Int32(scale)))
      }
    }
    guard var digits else { return self }
    digits.truncate(to: min(max(scale, -(Self.maximumWeight + 1) * 4), Self.maximumScale))
    digits.scale = max(digits.scale, 0)
    return try Decimal(digits)
  }

  private func widened(_ mantissa: Int128, by decimals: Int) -> Int128? {
    if mantissa == 0 { return 0 }
    guard let unit = PowersOfTen.int128(decimals) else { return nil }
    let (product, tooBig) = mantissa.multipliedReportingOverflow(by: unit)
    return tooBig || product == .min ? nil : product
  }

  /// The least whole number that is not below.
  package func ceiling() throws(RowFault) -> Decimal {
    let whole = try truncated(toScale: 0)
    return signum > 0 && Self.order(whole, self) != 0 ? try whole.adding(Decimal(Int64(1))) : whole
  }

  /// The greatest whole number that is not above.
  package func floor() throws(RowFault) -> Decimal {
    let whole = try truncated(toScale: 0)
    return signum < 0 && Self.order(whole, self) != 0 ? try whole.subtracting(Decimal(Int64(1))) : whole
  }

  /// The value as a column of type `numeric(precision, scale)` keeps it: rounded, and refused if too long.
  ///
  /// - Parameter scale: may be negative (whole tens, hundreds, ...) or above the precision.
  /// - Throws: `RowFault` 22003 for more digits than the precision, and for the infinities; NaN passes.
  package func fitted(precision: Int, scale: Int) throws(RowFault) -> Decimal {
    if isNaN { return self }
    guard isFinite else { throw .numericFieldOverflow(precision: precision, scale: scale) }
    let rounded = try rounded(toScale: scale)
    let count: Int
    switch rounded.storage {
    case .small(let mantissa, let kept):
      // Digits in units of 10^-scale; for a negative scale the mantissa ends in zeros that do not count.
      count = PowersOfTen.digitCount(mantissa.magnitude) - (Int(kept) - scale)
    case .large(let digits):
      count = (digits.weight + 1) * 4 - (4 - String(digits.digits[0]).utf8.count) + scale
    case .notANumber, .infinity, .negativeInfinity: return rounded
    }
    guard count <= precision || rounded.isZero else {
      throw .numericFieldOverflow(precision: precision, scale: scale)
    }
    return rounded
  }
}
