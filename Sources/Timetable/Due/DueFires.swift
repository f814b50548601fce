package import Model

/// The fires that have come due since somebody last looked, each with a decision.
///
/// Goes from the oldest to the newest, holds no list, and decides each fire by itself and its
/// successor: a million missed minutes cost a second and no memory. Every fire after `considered`
/// and up to `now` comes exactly once, so a ledger that stores a row for each has no gaps.
///
/// | the fire | verdict |
/// |---|---|
/// | is no older than the punctuality | `run` |
/// | is older; policy `none`, or older than the window | `outsideWindow` |
/// | is older; policy `latest`, and a later fire is due | `superseded` by the newest |
/// | is older; policy `all`, and the next due fire makes the same interval | `superseded` by it |
/// | is older, otherwise | `catchUp` |
///
/// A punctual fire too gives way to a due one that makes the same interval.
package struct DueFires: Sequence, IteratorProtocol, Sendable {
  private let intervals: IntervalCalendar
  private let catchUp: CatchUp
  private let now: Instant
  private let newest: Fire?
  private var fires: FireSequence
  private var cursor: IntervalCursor
  private var upcoming: (fire: Fire, interval: TimeRange?)?

  /// - Parameters:
  ///   - considered: the last fire that already has its row, or the job's first sighting, before
  ///     which there are no fires.
  ///   - delay: jitter: a fire is due this much after its nominal time.
  package init(
    intervals: IntervalCalendar, catchUp: CatchUp, considered: Instant, now: Instant,
    delay: Duration = .zero
  ) {
    self.intervals = intervals
    self.catchUp = catchUp
    self.now = now
    let dueUpTo = Instant(microseconds: now.advanced(by: .zero - delay).microseconds + 1)
    let start = Instant(microseconds: considered.microseconds + 1)
    fires = intervals.fires.fires(in: start..<Swift.max(start, dueUpTo))
    newest = start < dueUpTo ? intervals.fires.previous(before: dueUpTo) : nil
    age = delay
    cursor = IntervalCursor(intervals)
    advance()
  }

  /// The jitter, by which every fire looks older than it is.
  private let age: Duration

  package mutating func next() -> FireDecision? {
    guard let (fire, interval) = upcoming else { return nil }
    advance()
    return FireDecision(fire: fire, interval: interval, verdict: verdict(on: fire, interval))
  }

  private mutating func advance() {
    upcoming = fires.next().map { ($0, cursor.interval(for: $0)) }
  }

  private func verdict(on fire: Fire, _ interval: TimeRange?) -> FireDecision.Verdict {
    let late = fire.instant.duration(to: now) - age
    let isPunctual = late <= catchUp.punctuality
    if !isPunctual {
      if catchUp.policy == .none { return .outsideWindow }
      if let window = catchUp.window, late > window { return .outsideWindow }
      if catchUp.policy == .latest, let newest, newest.instant > fire.instant {
        return .superseded(by: newest.instant)
      }
    }
    if let upcoming, let interval, intervals.rule.span != .fire, upcoming.interval == interval {
      return .superseded(by: upcoming.fire.instant)
    }
    return isPunctual ? .run : .catchUp
  }
}
