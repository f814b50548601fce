/// The rule by which a zone changes its clocks twice each year, for ever: a POSIX `TZ` text with daylight time.
///
/// Source: POSIX.1-2017, Base Definitions 8.3, with the wider hours of RFC 8536, 3.3.1.
struct YearlyZoneRule: Sendable, Hashable {
  /// The day and the local time of a change.
  struct Change: Sendable, Hashable {
    enum Day: Sendable, Hashable {
      /// 1...365, where 29 February is never counted.
      case julian(Int)
      /// 0...365, where 29 February is counted.
      case zeroBased(Int)
      /// The `week`th `weekday` (0 is Sunday) of the month; week 5 is the last one.
      case weekday(month: Int, week: Int, weekday: Int)
    }
    var day: Day
    /// Seconds from local midnight; may be negative or exceed a day.
    var time: Int
  }

  var standard: ZoneRules.Period
  var daylight: ZoneRules.Period
  var start: Change
  var end: Change

  /// The changes of the years around a moment in seconds from 1970, by rising time.
  func transitions(around seconds: Int64) -> [ZoneRules.Transition] {
    // Far beyond what a timestamp can hold the calendar would overflow; nothing asks for it.
    let limit: Int64 = 10_000_000_000_000
    let days = min(max(seconds, -limit), limit).floorDivided(by: 86_400)
    let year = CivilDate(daysSince2000: Int(days) - 10_957).year
    return (year - 1...year + 1).flatMap(transitions).sorted { $0.at < $1.at }
  }

  /// The two changes of a year, by rising time.
  func transitions(ofYear year: Int) -> [ZoneRules.Transition] {
    let toDaylight = moment(of: start, year: year, offset: standard.offset)
    let toStandard = moment(of: end, year: year, offset: daylight.offset)
    return [
      ZoneRules.Transition(at: toDaylight, before: standard, after: daylight),
      ZoneRules.Transition(at: toStandard, before: daylight, after: standard),
    ].sorted { $0.at < $1.at }
  }

  private func moment(of change: Change, year: Int, offset: Int) -> Int64 {
    let newYear = CivilDate(year: year, month: 1, day: 1).daysSince2000
    let day: Int
    switch change.day {
    case .julian(let number):
      day = newYear + number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
    case .zeroBased(let number):
      day = newYear + number
    case .weekday(let month, let week, let weekday):
      let first = CivilDate(year: year, month: month, day: 1)
      var dayOfMonth = 1 + (weekday - first.dayOfWeek + 7) % 7 + (week - 1) * 7
      if dayOfMonth > CivilDate.length(ofMonth: month, year: year) { dayOfMonth -= 7 }
      day = first.daysSince2000 + dayOfMonth - 1
    }
    return Int64(day + 10_957) * 86_400 + Int64(change.time - offset)
  }
}
