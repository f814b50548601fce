package import Model

/// How long something may be tried again: from its first transient fault until `give_up_after`.
package struct RetryBudget: Sendable {
  private let retry: ErrorRules.Retry
  private var firstFailure: ContinuousClock.Instant?
  package private(set) var attempts = 0

  package init(_ retry: ErrorRules.Retry) {
    self.retry = retry
  }

  /// The wait before the next attempt, with jitter; `nil` when it is time to give up.
  package mutating func next(
    now: ContinuousClock.Instant = .now, jitter: Double = .random(in: 0.5...1)
  ) -> Duration? {
    let start = firstFailure ?? now
    firstFailure = start
    if now - start >= retry.giveUpAfter { return nil }
    attempts += 1
    let doubled = retry.initial * (1 << min(attempts - 1, 20))
    return min(doubled, retry.maximum) * jitter
  }

  /// After a success the next trouble is a new one.
  package mutating func reset() {
    firstFailure = nil
    attempts = 0
  }
}

extension ErrorRules.Retry {
  /// Whoever wants nothing to be tried again still waits for others' locks.
  package var lockPatience: Duration? { giveUpAfter > .zero ? giveUpAfter : nil }
}

extension Fault {
  /// Whether the same may succeed in a while, and is still wanted. A lock that was waited for as long as
  /// `give_up_after` is not waited for once more.
  package var isWorthAnotherTry: Bool { isTransient && code != "lock_held" && !Task.isCancelled }
}
