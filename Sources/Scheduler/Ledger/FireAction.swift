package import Model

/// One thing for the scheduler's shell to do.
///
/// Every action is a conditional write: it does nothing where another scheduler was faster. After
/// carrying out a list, the shell reads the facts again and asks again.
package enum FireAction: Hashable, Sendable {
  /// Remember that the job was seen now; earlier fires do not exist.
  case recordFirstSighting
  /// Write these rows, unless they are there, and that all fires up to `consideredUntil` are in.
  case enter([Row], consideredUntil: Instant)
  /// Give a pending fire its outcome.
  case close(Instant, FireOutcome, note: String)
  /// Claim a pending fire with a run of its own and start that.
  case start(Instant)
  /// Ask for the end of what runs.
  case cancelRunning
  /// Nothing more to do before this time, unless something else happens.
  case wake(Instant)

  package struct Row: Hashable, Sendable {
    package var fire: Instant
    package var interval: TimeRange?
    /// `pending`, or the outcome of a fire that will not run.
    package var outcome: FireOutcome
    package var note: String?

    package init(fire: Instant, interval: TimeRange?, outcome: FireOutcome, note: String? = nil) {
      self.fire = fire
      self.interval = interval
      self.outcome = outcome
      self.note = note
    }
  }
}
