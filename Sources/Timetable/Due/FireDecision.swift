package import Model

/// What becomes of one nominal fire, decided without looking at anything but the clock and the
/// schedule.
package struct FireDecision: Hashable, Sendable {
  package var fire: Fire
  /// `nil` for the first fire of a schedule whose intervals reach from fire to fire.
  package var interval: TimeRange?
  package var verdict: Verdict

  package enum Verdict: Hashable, Sendable {
    /// Run it now, as planned.
    case run
    /// Run it now; its time passed while nobody was there.
    case catchUp
    /// Not to be run: a later fire, `by`, makes the same interval, or is the latest that counts.
    case superseded(by: Instant)
    /// Not to be run: it is older than the catch-up window, or nothing is to be caught up.
    case outsideWindow
  }

  package init(fire: Fire, interval: TimeRange?, verdict: Verdict) {
    self.fire = fire
    self.interval = interval
    self.verdict = verdict
  }
}
