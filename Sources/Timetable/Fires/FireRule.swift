package import Model

/// One of the ways a job's schedule says when it is due.
package enum FireRule: Hashable, Sendable {
  case cron(CronExpression)
  /// Every so many seconds from each local midnight on. A period longer than an hour names times
  /// of day and obeys `DaylightPolicy`; a shorter one follows elapsed time.
  case every(EveryPeriod)
  case at(Instant)

  /// True where clocks that change make no difference that `dst` could decide.
  package var followsElapsedTime: Bool {
    switch self {
    case .cron(let expression): expression.followsElapsedTime
    case .every(let period): period.pattern.followsElapsedTime
    case .at: true
    }
  }
}

/// The period of `every:`, checked.
///
/// Up to a day it counts from each midnight of the zone; where it does not divide the day, the
/// last step before midnight is shorter. Whole numbers of days count from 1970-01-01.
package struct EveryPeriod: Hashable, Sendable {
  package let seconds: Int
  /// Says so where the day is not a multiple of the period.
  package let warnings: [ScheduleWarning]
  let pattern: CalendarPattern

  /// - Throws: `every_period` for one that is not whole seconds, not positive, or above a day and not
  ///   whole days.
  package init(_ period: Duration, place: Place) throws(Fault) {
    let (seconds, attoseconds) = period.components
    func fault(_ sentence: String, hint: String) -> Fault {
      Fault("every_period", .validation, sentence, place: place, hint: hint)
    }
    guard seconds > 0 || attoseconds > 0 else {
      throw fault("A period of nothing never moves on", hint: "Write one such as 15m")
    }
    guard attoseconds == 0 else {
      throw fault("A period must be whole seconds", hint: "Write one such as 15m or 90s")
    }
    let day = Int64(LocalTime.secondsPerDay)
    guard seconds <= day || (seconds % day == 0 && seconds / day <= 3660) else {
      throw fault(
        "A period above a day must be whole days",
        hint: "For one that pays no heed to midnight write cron: \"@every \(seconds / 3600)h\"")
    }
    self.seconds = Int(seconds)
    pattern = CalendarPattern(
      days: DaySet(everyDays: max(1, self.seconds / LocalTime.secondsPerDay)),
      times: .every(min(self.seconds, LocalTime.secondsPerDay)),
      followsElapsedTime: self.seconds <= 3600)
    let rest = LocalTime.secondsPerDay % min(self.seconds, LocalTime.secondsPerDay)
    warnings =
      rest == 0
      ? []
      : [
        ScheduleWarning(
          "every_uneven",
          "Counted anew from each midnight, so the last step of the day is \(DurationText.words(seconds: rest))",
          hint: "For a steady period write cron: \"@every \(self.seconds)s\"", place: place)
      ]
  }
}
