extension Decimal {
  /// The sum, with the larger of both scales.
  /// - Throws: `RowFault` 22003 beyond numeric's range.
  @inlinable
  package func adding(_ other: Decimal) throws(RowFault) -> Decimal {
    if case .small(let a, let scaleA) = storage, case .small(let b, let scaleB) = other.storage,
      scaleA == scaleB
    {
      let (sum, tooBig) = a.addingReportingOverflow(b)
      if !tooBig && sum != .min { return Decimal(storage: .small(sum, scale: scaleA)) }
    }
    return try addingSlowly(other)
  }

  /// The difference, with the larger of both scales.
  /// - Throws: `RowFault` 22003 beyond numeric's range.
  @inlinable
  package func subtracting(_ other: Decimal) throws(RowFault) -> Decimal {
    if case .small(let a, let scaleA) = storage, case .small(let b, let scaleB) = other.storage,
      scaleA == scaleB
    {
      let (difference, tooBig) = a.subtractingReportingOverflow(b)
      if !tooBig && difference != .min { return Decimal(storage: .small(difference, scale: scaleA)) }
    }
    return try addingSlowly(other.negated)
  }

  /// The sum where the scales differ, the result leaves `Int128`, or a number is not finite.
  @usableFromInline
  func addingSlowly(_ other: Decimal) throws(RowFault) -> Decimal {
    if case .small(let a, let scaleA) = storage, case .small(let b, let scaleB) = other.storage,
      let unit = PowersOfTen.int128(Int(abs(scaleA - scaleB)))
    {
      let (first, tooBig) = a.multipliedReportingOverflow(by: scaleA < scaleB ? unit : 1)
      let (second, tooBigToo) = b.multipliedReportingOverflow(by: scaleA < scaleB ? 1 : unit)
      let (sum, sumTooBig) = first.addingReportingOverflow(second)
      if !tooBig && !tooBigToo && !sumTooBig && sum != .min {
        return Decimal(storage: .small(sum, scale: max(scaleA, scaleB)))
      }
    }
    guard let left = digits, let right = other.digits else {
      if isNaN || other.isNaN { return .notANumber }
      if isFinite { return other }
      return other.isFinite || self == other ? self : .notANumber
    }
    return try Decimal(left.adding(right))
  }

  /// The exact product, with the sum of both scales (rounded where that exceeds 16,383).
  @inlinable
  package func multiplied(by other: Decimal) throws(RowFault) -> Decimal {
    if case .small(let a, let scaleA) = storage, case .small(let b, let scaleB) = other.storage,
      scaleA + scaleB <= 16_383
    {
      let (product, tooBig) = a.multipliedReportingOverflow(by: b)
      if !tooBig && product != .min { return Decimal(storage: .small(product, scale: scaleA + scaleB)) }
    }
    return try multipliedSlowly(by: other)
  }

  @usableFromInline
  func multipliedSlowly(by other: Decimal) throws(RowFault) -> Decimal {
    guard let left = digits, let right = other.digits else {
      if isNaN || other.isNaN || isZero || other.isZero { return .notANumber }
      return signum == other.signum ? .infinity : .negativeInfinity
    }
    var product = left.multipliedExactly(by: right)
    if product.scale > Self.maximumScale { product.round(to: Self.maximumScale) }
    return try Decimal(product)
  }
}
