internal import Model

/// Cuts a zone's time into whole hours, days, ISO weeks, months, quarters or years.
///
/// The pieces touch and never overlap, so each instant lies in exactly one. A day runs from its
/// first instant to that of the next day that exists and so has 23, 24 or 25 hours where clocks
/// change; Pacific/Apia's 2011-12-30, which no clock ever showed, has no piece. An hour is a run of
/// time in which clocks show one hour: a repeated hour makes two pieces, a change by half an hour
/// a piece of 30 or 90 minutes. `fire` cuts nothing; its intervals come from the schedule.
struct SpanCalendar {
  let span: IntervalSpan
  let zone: ZoneRules

  /// The piece that holds `instant`.
  func piece(containing instant: Instant) -> TimeRange {
    let seconds = instant.seconds
    if span == .hour {
      return range(hourStart(atOrBefore: seconds), hourEnd(after: seconds))
    }
    var first = firstDay(containing: zone.local(seconds).day)
    // Where midnight comes twice, the second one belongs to the day that has already begun.
    while zone.start(of: next(first)) <= seconds { first = next(first) }
    while zone.start(of: first) > seconds { first = previous(first) }
    return range(zone.start(of: first), zone.start(of: next(first)))
  }

  /// The last whole piece that has ended by `instant`.
  func lastPiece(endedBy instant: Instant) -> TimeRange {
    piece(before: piece(containing: instant))
  }

  /// The piece that ends where `range`, itself a piece, begins.
  func piece(before range: TimeRange) -> TimeRange {
    piece(containing: Instant(microseconds: range.start.microseconds - 1))
  }

  private func range(_ start: Int, _ end: Int) -> TimeRange {
    TimeRange(start: Instant(seconds: start), end: Instant(seconds: end))
  }

  // MARK: - Days and longer

  /// The first day of the piece that `day` belongs to.
  func firstDay(containing day: CivilDay) -> CivilDay {
    let date = day.civil
    return switch span {
    case .fire, .hour, .day: day
    case .week: day.adding(days: -((day.weekday + 6) % 7))
    case .month: CivilDay(year: date.year, month: date.month, day: 1)
    case .quarter: CivilDay(year: date.year, month: (date.month - 1) / 3 * 3 + 1, day: 1)
    case .year: CivilDay(year: date.year, month: 1, day: 1)
    }
  }

  /// The first day of the next piece, where `first` is one's first.
  func next(_ first: CivilDay) -> CivilDay { moved(first, by: 1) }

  func previous(_ first: CivilDay) -> CivilDay { moved(first, by: -1) }

  private func moved(_ first: CivilDay, by count: Int) -> CivilDay {
    switch span {
    case .fire, .hour, .day: first.adding(days: count)
    case .week: first.adding(days: 7 * count)
    case .month: first.adding(months: count)
    case .quarter: first.adding(months: 3 * count)
    case .year: first.adding(months: 12 * count)
    }
  }

  // MARK: - Hours

  private func hourStart(atOrBefore seconds: Int) -> Int {
    var period = zone.period(at: seconds)
    var seconds = seconds
    while true {
      let start = (seconds + period.offset).floorDivided(by: 3600) * 3600 - period.offset
      if start >= period.start || !period.hasStart { return start }
      if beginsHour(period) { return period.start }
      seconds = period.start - 1
      period = zone.period(at: seconds)
    }
  }

  private func hourEnd(after seconds: Int) -> Int {
    var period = zone.period(at: seconds)
    var seconds = seconds
    while true {
      let end = ((seconds + period.offset).floorDivided(by: 3600) + 1) * 3600 - period.offset
      if end < period.end || !period.hasEnd { return end }
      let next = zone.period(at: period.end)
      if beginsHour(next) { return period.end }
      seconds = next.start
      period = next
    }
  }

  /// True unless the change leaves the clock inside the hour that it showed before.
  private func beginsHour(_ period: ZonePeriod) -> Bool {
    let first = period.start + period.offset
    let before = period.start - 1 + zone.period(at: period.start - 1).offset
    return first.floorRemainder(dividingBy: 3600) == 0
      || first.floorDivided(by: 3600) != before.floorDivided(by: 3600)
  }
}
