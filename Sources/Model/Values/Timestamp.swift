/// Postgres's `timestamp` or `timestamptz`: microseconds from 2000-01-01 00:00, or one of both infinities.
///
/// For a `timestamp` the count is along the wall clock, for a `timestamptz` along UTC: the same eight bytes as
/// on the wire. Ordered by its count.
package struct Timestamp: Sendable, Hashable, Comparable {
  package var microseconds: Int64

  @inlinable package init(microseconds: Int64) { self.microseconds = microseconds }

  package static let infinity = Timestamp(microseconds: .max)
  package static let negativeInfinity = Timestamp(microseconds: .min)

  /// What Postgres accepts: from 4714-11-24 00:00 BC to before 294277-01-01 00:00.
  package static let validMicroseconds: Range<Int64> = -211_813_488_000_000_000..<9_223_371_331_200_000_000

  package static let microsecondsPerDay: Int64 = 86_400_000_000

  /// 1970-01-01 00:00.
  package static let epoch = Timestamp(microseconds: -946_684_800_000_000)

  /// - Throws: `RowFault` 22008 beyond Postgres's range.
  package init(checkedMicroseconds: Int64) throws(RowFault) {
    guard Self.validMicroseconds.contains(checkedMicroseconds) else {
      throw .datetimeOutOfRange("timestamp")
    }
    microseconds = checkedMicroseconds
  }

  /// - Throws: `RowFault` 22008 for a day that does not exist, or beyond Postgres's range.
  package init(_ date: CivilDate, _ time: CivilTime = CivilTime(hour: 0)) throws(RowFault) {
    guard date.isValid else { throw .datetimeFieldOverflow("\(date.year)-\(date.month)-\(date.day)") }
    let (midnight, tooBig) = Int64(date.daysSince2000).multipliedReportingOverflow(
      by: Self.microsecondsPerDay)
    let (sum, tooBigToo) = midnight.addingReportingOverflow(time.microsecondsSinceMidnight)
    guard !tooBig, !tooBigToo else { throw .datetimeOutOfRange("timestamp") }
    try self.init(checkedMicroseconds: sum)
  }

  /// Midnight of a date; the infinities stay infinities.
  /// - Throws: `RowFault` 22008 where the date lies beyond timestamp's range.
  package init(_ date: DateValue) throws(RowFault) {
    switch date {
    case .infinity: self = .infinity
    case .negativeInfinity: self = .negativeInfinity
    default:
      guard Int(date.days) < 106_751_983 else { throw .datetimeOutOfRange("timestamp") }
      self.init(microseconds: Int64(date.days) * Self.microsecondsPerDay)
    }
  }

  package var isFinite: Bool { microseconds != .max && microseconds != .min }

  /// The day and the time of day; nil for the infinities.
  package var civil: (date: CivilDate, time: CivilTime)? {
    guard isFinite else { return nil }
    let day = microseconds.floorDivided(by: Self.microsecondsPerDay)
    return (
      CivilDate(daysSince2000: Int(day)),
      CivilTime(microsecondsSinceMidnight: microseconds - day * Self.microsecondsPerDay)
    )
  }

  /// The date it lies on; the infinities stay infinities.
  package var date: DateValue {
    if self == .infinity { return .infinity }
    if self == .negativeInfinity { return .negativeInfinity }
    return DateValue(days: Int32(microseconds.floorDivided(by: Self.microsecondsPerDay)))
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.microseconds < right.microseconds
  }
}
