internal import Model

/// Finds the intervals of fires that come one after the other, remembering what the last one found.
///
/// Gives what `IntervalCalendar.interval(for:)` gives; of fires that share an interval only the
/// first costs a search.
struct IntervalCursor: Sendable {
  private let calendar: IntervalCalendar
  private var previousFire: Fire?
  private var interval: TimeRange?
  /// Fires before this instant, and not before the last one, have `interval`.
  private var validBefore: Instant?

  init(_ calendar: IntervalCalendar) {
    self.calendar = calendar
  }

  /// `fire` must be the one that follows the last one asked for, or the first.
  mutating func interval(for fire: Fire) -> TimeRange? {
    defer { previousFire = fire }
    if calendar.rule.span == .fire {
      guard let previousFire else { return calendar.interval(for: fire) }
      return calendar.interval(from: previousFire.instant, to: fire.instant)
    }
    if let validBefore, fire.instant < validBefore { return interval }
    interval = calendar.interval(for: fire)
    validBefore = interval.map { interval in
      calendar.earliestFire(forEnd: calendar.pieces.piece(containing: interval.end).end)
    }
    return interval
  }
}
