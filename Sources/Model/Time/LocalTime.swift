/// What a clock on the wall shows: a day and a time of day, without saying in which zone.
///
/// Held as whole seconds since 1970-01-01T00:00:00 of that clock, so that it compares and adds
/// like a number. A local time may exist once, twice or not at all; see `ZoneRules`.
package struct LocalTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var seconds: Int

  package init(seconds: Int) {
    self.seconds = seconds
  }

  package init(_ day: CivilDay, secondOfDay: Int = 0) {
    seconds = day.number * LocalTime.secondsPerDay + secondOfDay
  }

  package static let secondsPerDay = 86_400

  package var day: CivilDay { CivilDay(number: seconds.floorDivided(by: LocalTime.secondsPerDay)) }
  package var secondOfDay: Int { seconds.floorRemainder(dividingBy: LocalTime.secondsPerDay) }

  package static func < (left: LocalTime, right: LocalTime) -> Bool {
    left.seconds < right.seconds
  }

  /// `2026-03-29T02:30:00`.
  package var description: String { "\(day)T\(LocalTime.clockText(secondOfDay))" }

  /// `02:30:00` of 9000.
  package static func clockText(_ secondOfDay: Int) -> String {
    [secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60].map { $0.padded(to: 2) }
      .joined(separator: ":")
  }
}
