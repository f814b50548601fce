/// Postgres's `interval`: months, days and microseconds, kept apart because their lengths vary.
///
/// `==` and hashing are structural; Postgres's own equality, for which a month is 30 days and a day 24 hours,
/// is `CalendarInterval.order`.
package struct CalendarInterval: Sendable, Hashable {
  package var months: Int32
  package var days: Int32
  package var microseconds: Int64

  @inlinable
  package init(months: Int32 = 0, days: Int32 = 0, microseconds: Int64 = 0) {
    self.months = months
    self.days = days
    self.microseconds = microseconds
  }

  /// The length by which Postgres orders intervals, in microseconds: months of 30 days of 24 hours.
  @inlinable package var comparisonKey: Int128 {
    let days = Int128(months) * 30 + Int128(self.days)
    return days * 86_400_000_000 + Int128(microseconds)
  }

  /// Negative, zero or positive.
  @inlinable
  package static func order(_ left: CalendarInterval, _ right: CalendarInterval) -> Int {
    let (a, b) = (left.comparisonKey, right.comparisonKey)
    return a < b ? -1 : (a == b ? 0 : 1)
  }
}
