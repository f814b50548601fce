package import Model

extension FireCalendar {
  /// When a run of `fire` counts as late (`finish_by:`): the first instant after the fire at which
  /// the zone's clock shows `time`; the end of the gap where it is skipped that day.
  package func deadline(of fire: Fire, finishBy time: Schedule.TimeOfDay) -> Instant {
    let day = fire.local.day
    let secondOfDay = time.hour * 3600 + time.minute * 60
    for offset in 0...1 {
      let local = LocalTime(day.adding(days: offset), secondOfDay: secondOfDay)
      let deadline = Instant(seconds: zone.start(of: local))
      if deadline > fire.instant { return deadline }
    }
    // Both lie before the fire only where the clock was put back over them.
    return Instant(seconds: zone.start(of: LocalTime(day.adding(days: 2), secondOfDay: secondOfDay)))
  }
}
