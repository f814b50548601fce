package import Model

/// Turns the fires of a job into the spans of data that its runs are for, and back.
///
/// A calendar span (`hour` to `year`) gives each fire the last whole piece of the zone's calendar
/// that had ended by the fire less the delay; several fires may share one. `fire` gives it the
/// time from the previous fire to this one, both less the delay.
package struct IntervalCalendar: Sendable {
  package let rule: IntervalRule
  package let fires: FireCalendar
  package var zone: ZoneRules { fires.zone }

  package init(rule: IntervalRule, fires: FireCalendar) {
    self.rule = rule
    self.fires = fires
  }

  var pieces: SpanCalendar { SpanCalendar(span: rule.span, zone: zone) }

  // MARK: - From a fire to its interval

  /// What the run of `fire` is for; `nil` for the first fire that a schedule ever has under
  /// `span: fire`, which no fire comes before.
  package func interval(for fire: Fire) -> TimeRange? {
    interval(atFire: fire.instant)
  }

  /// The same for a run at any instant, as if the schedule were due then.
  package func interval(atFire instant: Instant) -> TimeRange? {
    guard rule.span == .fire else { return pieces.lastPiece(endedBy: lessDelay(instant)) }
    return fires.previous(before: instant).flatMap { interval(from: $0.instant, to: instant) }
  }

  /// Under `span: fire`; `nil` where a delay in months leaves nothing between the two.
  func interval(from previous: Instant, to fire: Instant) -> TimeRange? {
    let (start, end) = (lessDelay(previous), lessDelay(fire))
    return start < end ? TimeRange(start: start, end: end) : nil
  }

  /// Under `span: fire`, for a fire before which the intervals reach up to `end`; `nil` where that leaves nothing.
  package func interval(from end: Instant, toFire fire: Instant) -> TimeRange? {
    let ownEnd = lessDelay(fire)
    return end < ownEnd ? TimeRange(start: end, end: ownEnd) : nil
  }

  /// The interval with what lookback and rolling add to it.
  package func spans(of interval: TimeRange) -> RunSpans {
    let replacedStart = rule.lookback.map { lessOfPieces($0, interval.start) } ?? interval.start
    let rollingStart = rule.rolling.map { lessOfPieces($0, interval.end) } ?? interval.start
    return RunSpans(
      interval: interval, replaced: TimeRange(start: replacedStart, end: interval.end),
      window: TimeRange(start: min(replacedStart, rollingStart), end: interval.end))
  }

  /// Where whole days are not what intervals are made of, a day of delay is 24 hours: by the
  /// calendar, two fires two days after a gap could be moved to one instant.
  private func lessDelay(_ instant: Instant) -> Instant {
    guard rule.span == .fire || rule.span == .hour else { return less(rule.delay, instant) }
    var delay = rule.delay
    delay.microseconds += Int64(delay.days * LocalTime.secondsPerDay) * 1_000_000
    delay.days = 0
    return less(delay, instant)
  }

  /// A border of days less an amount is a border of days again, also where clocks skip midnight and
  /// one of the two days begins at 01:00.
  private func lessOfPieces(_ amount: CalendarAmount, _ border: Instant) -> Instant {
    guard rule.span != .fire, rule.span != .hour, let day = day(beginningAt: border) else {
      return less(amount, border)
    }
    let earlier = day.adding(months: -amount.months).adding(days: -amount.days)
    return Instant(
      microseconds: Instant(seconds: zone.start(of: earlier)).microseconds - amount.microseconds)
  }

  /// The day of the zone's calendar whose first instant this is.
  package func day(beginningAt instant: Instant) -> CivilDay? {
    let day = zone.local(instant.seconds).day
    return Instant(seconds: zone.start(of: day)) == instant ? day : nil
  }

  /// `instant` less a human amount: months and days by the zone's calendar at the same time of
  /// day, the rest in elapsed time. Where clocks skip that time of day, the end of the gap.
  func less(_ amount: CalendarAmount, _ instant: Instant) -> Instant {
    var moved = instant
    if amount.months != 0 || amount.days != 0 {
      let local = zone.local(instant.seconds)
      let day = local.day.adding(months: -amount.months).adding(days: -amount.days)
      let seconds = zone.start(of: LocalTime(day, secondOfDay: local.secondOfDay))
      let fraction = instant.microseconds - Instant(seconds: instant.seconds).microseconds
      moved = Instant(microseconds: Instant(seconds: seconds).microseconds + fraction)
    }
    return Instant(microseconds: moved.microseconds - amount.microseconds)
  }

  // MARK: - From an interval to its fires

  /// The fires that make `interval`, in order.
  package func fires(making interval: TimeRange) -> [Fire] {
    let next = rule.span == .fire ? interval.end : pieces.piece(containing: interval.end).end
    let earliest = earliestFire(forEnd: interval.end)
    let latest = earliestFire(forEnd: next).advanced(by: delaySlack + delaySlack)
    let upper = rule.span == .fire ? Instant(microseconds: latest.microseconds + 1) : latest
    return fires.fires(in: earliest..<upper).filter { self.interval(for: $0) == interval }
  }

  /// No fire before this one has an interval that ends at `end`.
  func earliestFire(forEnd end: Instant) -> Instant {
    let days = rule.delay.months * 28 + rule.delay.days
    return end.advanced(
      by: .seconds(days * LocalTime.secondsPerDay) + .microseconds(rule.delay.microseconds)
        - delaySlack)
  }

  /// How far the same delay may reach on different days: months differ by three, days by what the
  /// clocks are moved, which is never more than one day.
  private var delaySlack: Duration {
    let days = rule.delay.months * 3 + (rule.delay.months == 0 && rule.delay.days == 0 ? 0 : 1)
    return .seconds(days * LocalTime.secondsPerDay)
  }

  // MARK: - Enumerations

  /// The intervals of the fires in `range`, in order, each once.
  ///
  /// - Complexity: proportional to the intervals, not to the fires that share them.
  package func intervals(ofFiresIn range: Range<Instant>) -> IntervalSequence {
    IntervalSequence(calendar: self, range: range)
  }

  /// The intervals that begin in `range` and that a fire makes, in order: what a backfill of that
  /// range covers.
  package func intervals(beginningIn range: Range<Instant>) -> [TimeRange] {
    guard !range.isEmpty else { return [] }
    var intervals: [TimeRange] = []
    let end = Instant(seconds: DaySet.dayNumbers.upperBound * LocalTime.secondsPerDay)
    for interval in self.intervals(ofFiresIn: range.lowerBound..<max(end, range.lowerBound)) {
      if interval.start >= range.upperBound { break }
      if interval.start >= range.lowerBound { intervals.append(interval) }
    }
    return intervals
  }

  /// The intervals that the fires of `range` call for and that `covered` leaves open, in order.
  ///
  /// Pieces of the calendar are open as a whole. Under `span: fire` what is covered may be cut otherwise, by a
  /// schedule that has been edited since; there only the open part counts.
  ///
  /// - Parameters:
  ///   - range: from the job's first sighting up to and without the first fire not looked at yet.
  ///   - covered: the intervals of successful runs, in any order; together they may cover one.
  package func holes(inFiresOf range: Range<Instant>, covered: [TimeRange]) -> [TimeRange] {
    let merged = TimeRange.merged(covered)
    var holes: [TimeRange] = []
    var position = 0
    for interval in intervals(ofFiresIn: range) {
      while position < merged.count, merged[position].end <= interval.start { position += 1 }
      holes += open(interval, covered: merged[position...])
    }
    return holes
  }

  /// What of `interval` is still to be made.
  /// - Parameter covered: rising and apart from each other.
  package func open(_ interval: TimeRange, covered: some Sequence<TimeRange>) -> [TimeRange] {
    let parts = interval.parts(outside: covered)
    return parts.isEmpty || rule.span == .fire ? parts : [interval]
  }
}

/// The distinct intervals of a range of fires; see `IntervalCalendar.intervals(ofFiresIn:)`.
package struct IntervalSequence: Sequence, IteratorProtocol, Sendable {
  let calendar: IntervalCalendar
  var range: Range<Instant>
  private var last: TimeRange?

  init(calendar: IntervalCalendar, range: Range<Instant>) {
    self.calendar = calendar
    self.range = range
  }

  package mutating func next() -> TimeRange? {
    while !range.isEmpty,
      let fire = calendar.fires.next(after: Instant(microseconds: range.lowerBound.microseconds - 1)),
      fire.instant < range.upperBound
    {
      let interval = calendar.interval(for: fire)
      var resume = Instant(microseconds: fire.instant.microseconds + 1)
      if let interval, calendar.rule.span != .fire {
        let next = calendar.pieces.piece(containing: interval.end)
        resume = Swift.max(resume, calendar.earliestFire(forEnd: next.end))
      }
      range = Swift.min(resume, range.upperBound)..<range.upperBound
      if let interval, interval != last {
        last = interval
        return interval
      }
    }
    return nil
  }
}

extension TimeRange {
  /// The same time in as few ranges as possible, rising.
  package static func merged(_ ranges: [TimeRange]) -> [TimeRange] {
    var merged: [TimeRange] = []
    for range in ranges.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) where range.start < range.end
    {
      if let previous = merged.last, range.start <= previous.end {
        merged[merged.count - 1].end = max(previous.end, range.end)
      } else {
        merged.append(range)
      }
    }
    return merged
  }

  /// What none of `ranges` holds, which rise and are apart from each other.
  fileprivate func parts(outside ranges: some Sequence<TimeRange>) -> [TimeRange] {
    var parts: [TimeRange] = []
    var start = start
    for range in ranges where range.end > start {
      if range.start >= end { break }
      if start < range.start { parts.append(TimeRange(start: start, end: range.start)) }
      start = range.end
    }
    if start < end { parts.append(TimeRange(start: start, end: end)) }
    return parts
  }

  /// True where `ranges` together hold all of this range: an upstream job's successes, say.
  package func isCovered(by ranges: [TimeRange]) -> Bool {
    start == end || TimeRange.merged(ranges).contains { $0.start <= start && end <= $0.end }
  }
}
