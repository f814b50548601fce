internal import Model

/// The fields of a time or an interval that `to_char` prints.
struct TimeFields {
  let isInterval: Bool
  let year: Int
  let month: Int
  let day: Int
  let hour: Int
  let minute: Int
  let second: Int
  let microsecond: Int
  let dayOfYear: Int
  /// Of a time only.
  let date: CivilDate?

  init(_ date: CivilDate, _ time: CivilTime) {
    isInterval = false
    (year, month, day) = (date.year, date.month, date.day)
    (hour, minute, second, microsecond) = (time.hour, time.minute, time.second, time.microsecond)
    dayOfYear = date.dayOfYear
    self.date = date
  }

  init(_ interval: CalendarInterval) {
    isInterval = true
    year = Int(interval.months) / 12
    month = Int(interval.months) % 12
    day = Int(interval.days)
    let seconds = Int(interval.microseconds / 1_000_000)
    (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    microsecond = Int(interval.microseconds % 1_000_000)
    dayOfYear = Int(interval.months) * 30 + Int(interval.days)
    date = nil
  }

  /// The year that is printed: there is no year zero, and the era is not shown.
  func shown(_ year: Int) -> Int { isInterval || year > 0 ? year : 1 - year }
}
