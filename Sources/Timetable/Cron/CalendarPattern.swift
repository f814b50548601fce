internal import Model

/// Days and times of day at which a schedule is due by the clock on the wall, whatever the zone.
struct CalendarPattern: Hashable, Sendable {
  var days: DaySet
  var times: TimesOfDay
  /// True where the minute or hour field begins with `*`, and for `every:` up to an hour: in gaps
  /// and overlaps of local time such a schedule goes on with elapsed time.
  var followsElapsedTime: Bool

  /// The least due local time that is not before `local`, days in `except` left out.
  func next(atOrAfter local: LocalTime, except: ExceptionDates) -> LocalTime? {
    let today = max(local.day, CivilDay(number: DaySet.dayNumbers.lowerBound))
    let earliest = today == local.day ? local.secondOfDay : 0
    if isDue(today, except), let time = times.next(atOrAfter: earliest) {
      return LocalTime(today, secondOfDay: time)
    }
    var day = today.adding(days: 1)
    while true {
      if days.isEveryDay {
        guard DaySet.dayNumbers.contains(day.number) else { return nil }
      } else {
        guard let due = days.next(atOrAfter: day) else { return nil }
        day = due
      }
      if !except.contains(day) { return LocalTime(day, secondOfDay: times.first) }
      day = day.adding(days: 1)
    }
  }

  /// The greatest due local time that is not after `local`, days in `except` left out.
  func previous(atOrBefore local: LocalTime, except: ExceptionDates) -> LocalTime? {
    let today = min(local.day, CivilDay(number: DaySet.dayNumbers.upperBound - 1))
    let latest = today == local.day ? local.secondOfDay : LocalTime.secondsPerDay - 1
    if isDue(today, except), let time = times.previous(atOrBefore: latest) {
      return LocalTime(today, secondOfDay: time)
    }
    var day = today.adding(days: -1)
    while true {
      if days.isEveryDay {
        guard DaySet.dayNumbers.contains(day.number) else { return nil }
      } else {
        guard let due = days.previous(atOrBefore: day) else { return nil }
        day = due
      }
      if !except.contains(day) { return LocalTime(day, secondOfDay: times.last) }
      day = day.adding(days: -1)
    }
  }

  private func isDue(_ day: CivilDay, _ except: ExceptionDates) -> Bool {
    let due = days.isEveryDay ? DaySet.dayNumbers.contains(day.number) : days.contains(day)
    return due && !except.contains(day)
  }
}
