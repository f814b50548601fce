/// Postgres's `date`: a day from 4713 BC to 5874897 AD, or one of both infinities.
///
/// Ordered by its day number, so that the raw `Int32` of the binary form compares and sorts as the date does.
package struct DateValue: Sendable, Hashable, Comparable {
  /// Days from 2000-01-01; the least and the greatest `Int32` are the infinities.
  package var days: Int32

  @inlinable package init(days: Int32) { self.days = days }

  package static let infinity = DateValue(days: .max)
  package static let negativeInfinity = DateValue(days: .min)

  /// The first and the last day that Postgres accepts: 4714-11-24 BC and 5874897-12-31.
  package static let validDays: ClosedRange<Int> = -2_451_545...2_145_031_948

  /// - Throws: `RowFault` 22008 for a day that does not exist or that lies beyond Postgres's range.
  package init(_ date: CivilDate) throws(RowFault) {
    guard date.isValid, abs(date.year) < 6_000_000 else {
      throw .datetimeFieldOverflow("\(date.year)-\(date.month)-\(date.day)")
    }
    try self.init(checkedDays: date.daysSince2000)
  }

  /// - Throws: `RowFault` 22008 beyond Postgres's range.
  package init(checkedDays days: Int) throws(RowFault) {
    guard Self.validDays.contains(days) else { throw .datetimeOutOfRange("date") }
    self.days = Int32(days)
  }

  package var isFinite: Bool { days != .max && days != .min }

  /// The day's name in the calendar; nil for the infinities.
  package var civil: CivilDate? { isFinite ? CivilDate(daysSince2000: Int(days)) : nil }

  package static func < (left: DateValue, right: DateValue) -> Bool { left.days < right.days }
}
