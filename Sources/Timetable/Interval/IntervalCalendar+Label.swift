package import Model

extension IntervalCalendar {
  /// A short name for an interval, unique within the job, sortable and fit for file names:
  /// `2026`, `2026-Q1`, `2026-03`, `2026-W12`, `2026-03-14`, `2026-03-14T02`, and for
  /// `span: fire` the interval's end, so without delay its fire, in UTC: `20260314T011500Z`.
  ///
  /// An hour that the clocks repeat carries its offset: `2026-10-25T02+0200`.
  package func label(of interval: TimeRange) -> String {
    let local = zone.local(interval.start.seconds)
    // A piece that begins at a second midnight, or behind a gap over one, is still that day's.
    let date = local.day.civil
    switch rule.span {
    case .fire:
      return IntervalCalendar.compactText(interval.end)
    case .hour:
      return hourLabel(start: interval.start.seconds, local: local)
    case .day:
      return local.day.description
    case .week:
      let week = date.isoWeek
      return "\(week.year.padded(to: 4))-W\(week.week.padded(to: 2))"
    case .month:
      return "\(date.year.padded(to: 4))-\(date.month.padded(to: 2))"
    case .quarter:
      return "\(date.year.padded(to: 4))-Q\((date.month - 1) / 3 + 1)"
    case .year:
      return date.year.padded(to: 4)
    }
  }

  /// True for one whole piece of the job's span, which its label names exactly.
  package func isWhole(_ interval: TimeRange) -> Bool {
    rule.span != .fire && pieces.piece(containing: interval.start) == interval
  }

  func hourLabel(start: Int, local: LocalTime) -> String {
    let hour = LocalTime(local.day, secondOfDay: local.secondOfDay / 3600 * 3600)
    let text = "\(local.day)T\((local.secondOfDay / 3600).padded(to: 2))"
    let isRepeated = [hour, LocalTime(seconds: hour.seconds + 3599)].contains(where: zone.isRepeated)
    guard isRepeated else { return text }
    return text + Instant.offsetText(zone.period(at: start).offset).filter { $0 != ":" }
  }

  /// `20260314T011500Z`, with a fraction of microseconds where there is one.
  private static func compactText(_ instant: Instant) -> String {
    instant.text().filter { $0 != "-" && $0 != ":" }
  }
}
