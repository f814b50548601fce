package import Model

extension IntervalCalendar {
  /// The one interval that `name` stands for at `now`: the one labelled so, or the one that holds
  /// the named time where that is shorter than the job's span. Under `span: fire` the interval of
  /// the only fire in the named time.
  ///
  /// - Throws: `interval_too_long` where the name holds several of the job's intervals, `ambiguous_interval` where
  ///   the clocks showed it twice, `no_such_interval` where it holds none.
  package func interval(named name: IntervalName, now: Instant) throws(Fault) -> TimeRange {
    let named = try range(of: name, now: now)
    guard rule.span != .fire else { return try intervalOfOnlyFire(in: named, name: name) }
    if let span = named.span, span.rank > rule.span.rank {
      throw Fault(
        "interval_too_long", .usage,
        "'\(name.text)' is a \(span.rawValue), and this job's intervals are \(rule.span.rawValue)s",
        hint: "Name one \(rule.span.rawValue), or use `tidemark backfill --from --to` for all of them")
    }
    let interval = pieces.piece(containing: named.range.start)
    // Weeks may reach over the end of the month that they begin in.
    guard named.range.end <= interval.end else {
      throw Fault(
        "interval_too_long", .usage, "'\(name.text)' lies in more than one \(rule.span.rawValue)",
        hint: "Name a day in the \(rule.span.rawValue) that is meant")
    }
    return interval
  }

  private struct Named {
    /// `nil` for an instant, whose range is empty.
    var span: IntervalSpan?
    var range: TimeRange
  }

  private func range(of name: IntervalName, now: Instant) throws(Fault) -> Named {
    var named: Named
    switch name.meaning {
    case .piece(let span, let day): named = piece(span, holding: day)
    case .daysAgo(let days):
      named = piece(.day, holding: zone.local(now.seconds).day.adding(days: -days))
    case .instant(let instant): return Named(span: nil, range: TimeRange(start: instant, end: instant))
    case .hour(let local, let offset):
      named = hour(local, offset: offset)
      if offset == nil, rule.span.rank <= IntervalSpan.hour.rank, named.range.start < named.range.end {
        named.range = try everyShowing(of: named.range, name)
      }
    }
    guard named.range.start < named.range.end else {
      throw missing(name, "'\(name.text)' never was: the clocks of this zone skipped it")
    }
    return named
  }

  private func piece(_ span: IntervalSpan, holding day: CivilDay) -> Named {
    let calendar = SpanCalendar(span: span, zone: zone)
    let first = calendar.firstDay(containing: day)
    let start = Instant(seconds: zone.start(of: first))
    return Named(
      span: span, range: TimeRange(start: start, end: Instant(seconds: zone.start(of: calendar.next(first)))))
  }

  /// Empty where the clocks skipped that hour, or do not show it at that offset.
  private func hour(_ local: LocalTime, offset: Int?) -> Named {
    let start = offset.map { local.seconds - $0 } ?? zone.start(of: local)
    let hour = SpanCalendar(span: .hour, zone: zone).piece(containing: Instant(seconds: start))
    let shown = zone.local(hour.start.seconds)
    let isShown = shown.seconds.floorDivided(by: 3600) == local.seconds.floorDivided(by: 3600)
    let isOffset = offset.map { $0 == zone.period(at: hour.start.seconds).offset } ?? true
    return Named(
      span: .hour, range: isShown && isOffset ? hour : TimeRange(start: hour.start, end: hour.start))
  }

  /// What an hour's name without an offset stands for where the clocks go back and show the hour again.
  private func everyShowing(of hour: TimeRange, _ name: IntervalName) throws(Fault) -> TimeRange {
    let calendar = SpanCalendar(span: .hour, zone: zone)
    func shown(_ piece: TimeRange) -> Int { zone.local(piece.start.seconds).seconds.floorDivided(by: 3600) }
    var pieces = [hour]
    var next = calendar.piece(containing: hour.end)
    while shown(next) == shown(hour) {
      pieces.append(next)
      next = calendar.piece(containing: next.end)
    }
    if pieces.count > 1, rule.span == .hour {
      let labels = pieces.map { hourLabel(start: $0.start.seconds, local: zone.local($0.start.seconds)) }
      throw Fault(
        "ambiguous_interval", .usage, "'\(name.text)' came twice: the clocks of this zone went back",
        hint: "Name one of them: \(labels.joined(separator: " or "))")
    }
    return TimeRange(start: hour.start, end: next.start)
  }

  private func intervalOfOnlyFire(in named: Named, name: IntervalName) throws(Fault) -> TimeRange {
    let range = named.range
    let intervals: [TimeRange]
    if named.span == nil {
      // A time names the fire, a label the end of its interval; the same but for the delay.
      let exact = fires.fire(exactlyAt: range.start).flatMap { interval(for: $0) }
      intervals = (exact ?? interval(endingAt: range.start)).map { [$0] } ?? []
    } else {
      intervals = fires.fires(in: range.start..<range.end).prefix(2).compactMap { interval(for: $0) }
    }
    switch intervals.count {
    case 1: return intervals[0]
    case 0: throw missing(name, "the schedule has no fire at '\(name.text)'")
    default:
      throw Fault(
        "interval_too_long", .usage, "'\(name.text)' holds several fires of this job",
        hint: "Name one by its time, as `tidemark schedule ledger` prints it")
    }
  }

  private func interval(endingAt end: Instant) -> TimeRange? {
    let start = earliestFire(forEnd: end)
    let candidates = fires.fires(in: start..<Instant(microseconds: Int64.max)).lazy
      .compactMap { interval(for: $0) }
    return candidates.first { $0.end >= end }.flatMap { $0.end == end ? $0 : nil }
  }

  private func missing(_ name: IntervalName, _ sentence: String) -> Fault {
    Fault("no_such_interval", .usage, sentence, hint: "`tidemark schedule next` shows when the job is due")
  }
}

extension IntervalSpan {
  /// Rises with the length.
  fileprivate var rank: Int {
    switch self {
    case .fire: 0
    case .hour: 1
    case .day: 2
    case .week: 3
    case .month: 4
    case .quarter: 5
    case .year: 6
    }
  }
}
