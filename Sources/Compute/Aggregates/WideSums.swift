import Model

/// Exact sums per group of what an accumulator's lanes cannot hold.
///
/// They have no limit on the way, as Postgres's have none: only a result must be a numeric. So the order of the
/// values decides nothing.
struct WideSums {
  private var sums: [Int: Decimal] = [:]
  /// What no numeric holds.
  private var longSums: [Int: DecimalDigits] = [:]

  var isEmpty: Bool { sums.isEmpty && longSums.isEmpty }
  var memory: Int { (sums.count + longSums.count) * 96 }

  func contains(_ group: Int) -> Bool { sums[group] != nil || longSums[group] != nil }

  /// - Parameter value: finite.
  mutating func add(_ value: Decimal, to group: Int) {
    do {
      sums[group] = try sums[group, default: .zero].adding(value)
    } catch {
      if let digits = value.digits { add(digits, to: group) }
    }
  }

  mutating func add(_ digits: DecimalDigits, to group: Int) {
    longSums[group] = longSums[group]?.adding(digits) ?? digits
  }

  /// - Parameter value: finite.
  mutating func addSquare(of value: Decimal, to group: Int) {
    if let (mantissa, scale) = value.parts, scale * 2 <= Decimal.maximumScale {
      let (square, tooBig) = mantissa.multipliedReportingOverflow(by: mantissa)
      if !tooBig { return add(Decimal(mantissa: square, scale: scale * 2), to: group) }
    }
    if let digits = value.digits { add(digits.multipliedExactly(by: digits), to: group) }
  }

  /// Nil where nothing was added.
  func total(_ group: Int) -> DecimalDigits? {
    let sum = sums[group]?.digits
    guard let long = longSums[group] else { return sum }
    return sum?.adding(long) ?? long
  }
}
