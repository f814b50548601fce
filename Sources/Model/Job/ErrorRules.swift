/// `errors:`.
package struct ErrorRules: Hashable, Sendable {
  package var retry: Retry
  package var rerunAttempts: Int
  package var rerunWait: Duration
  /// So many fires in a row that end as failed pause the job; `nil` for never.
  package var pauseAfter: Int?
  package var quarantine: QuarantineLimit

  /// How what may pass by itself is tried again: after `initial`, each time longer, up to `maximum`, until `giveUpAfter` in all.
  package struct Retry: Hashable, Sendable {
    package var initial: Duration
    package var maximum: Duration
    package var giveUpAfter: Duration

    package init(initial: Duration, maximum: Duration, giveUpAfter: Duration) {
      self.initial = initial
      self.maximum = maximum
      self.giveUpAfter = giveUpAfter
    }

    package static let standard = Retry(
      initial: .seconds(1), maximum: .seconds(300), giveUpAfter: .seconds(7200))
  }

  /// Whichever is passed first fails the run.
  package struct QuarantineLimit: Hashable, Sendable {
    package var maximumRows: Int?
    /// Of the rows that reach the first step, in parts per million: `0.1%` is 1000.
    package var maximumSharePPM: Int?
    package var place: Place?

    package init(maximumRows: Int?, maximumSharePPM: Int?, place: Place? = nil) {
      self.maximumRows = maximumRows
      self.maximumSharePPM = maximumSharePPM
      self.place = place
    }
  }

  package init(
    retry: Retry, rerunAttempts: Int, rerunWait: Duration, pauseAfter: Int? = nil,
    quarantine: QuarantineLimit
  ) {
    self.retry = retry
    self.rerunAttempts = rerunAttempts
    self.rerunWait = rerunWait
    self.pauseAfter = pauseAfter
    self.quarantine = quarantine
  }

  package static let standard = ErrorRules(
    retry: .standard, rerunAttempts: 0, rerunWait: .zero,
    quarantine: QuarantineLimit(maximumRows: nil, maximumSharePPM: nil))
}
