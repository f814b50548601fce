/// A day of the proleptic Gregorian calendar as a number that can be counted with.
///
/// The countable twin of `CivilDate`; `number` is days since 1970-01-01, as `Instant` counts.
package struct CivilDay: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var number: Int

  package init(number: Int) {
    self.number = number
  }

  package init(_ date: CivilDate) {
    number = date.daysSince2000 + CivilDay.from1970To2000
  }

  /// Months and days beyond the calendar's carry over.
  package init(year: Int, month: Int, day: Int) {
    self.init(CivilDate(year: year, month: month, day: day))
  }

  private static let from1970To2000 = 10_957

  package var civil: CivilDate { CivilDate(daysSince2000: number - CivilDay.from1970To2000) }

  /// 0 for Sunday to 6 for Saturday, as cron counts.
  package var weekday: Int { (number + 4).floorRemainder(dividingBy: 7) }

  package func adding(days: Int) -> CivilDay { CivilDay(number: number + days) }

  /// The same day of another month; a day that month does not have becomes its last.
  package func adding(months: Int) -> CivilDay {
    let date = civil
    let first = CivilDay(year: date.year, month: date.month + months, day: 1)
    let month = first.civil
    return first.adding(
      days: min(date.day, CivilDate.length(ofMonth: month.month, year: month.year)) - 1)
  }

  package static func < (left: CivilDay, right: CivilDay) -> Bool { left.number < right.number }

  /// `2026-03-29`.
  package var description: String {
    let date = civil
    return "\(date.year.padded(to: 4))-\(date.month.padded(to: 2))-\(date.day.padded(to: 2))"
  }

  /// Reads `2026-03-29`; `nil` for anything else, days that no month has among it.
  package init?(text: some StringProtocol) {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
      let year = Int(decimalDigits: parts[0]), let month = Int(decimalDigits: parts[1]),
      let day = Int(decimalDigits: parts[2])
    else { return nil }
    let date = CivilDate(year: year, month: month, day: day)
    guard date.isValid else { return nil }
    self.init(date)
  }
}
