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
    return retry.wait(attempts: attempts, jitter: jitter)
  }

  /// Does `work` until it succeeds, with a wait behind each fault that is worth it.
  /// - Parameter failed: is told of each such fault, and of the wait.
  /// - Throws: what is not worth another try, or what came when it was time to give up.
  package mutating func repeating<Value>(
    where isWorthIt: (Fault) -> Bool = { $0.isWorthAnotherTry }, _ work: () async throws -> Value,
    failed: (_ fault: Fault, _ attempts: Int, _ wait: Duration) async -> Void = { _, _, _ in }
  ) async throws -> Value {
    while true {
      do {
        return try await work()
      } catch let fault as Fault where isWorthIt(fault) {
        guard let wait = next() else { throw fault }
        await failed(fault, attempts, wait)
        try await Task.sleep(for: wait)
      }
    }
  }

  /// After a success the next trouble is a new one.
  package mutating func reset() {
    firstFailure = nil
    attempts = 0
  }
}

extension ErrorRules.Retry {
  /// The wait behind so many failures, from 1: doubled each time, up to the longest.
  /// - Parameter jitter: the share of it that is waited, from a half to the whole, so that what failed together does
  ///   not come back together.
  package func wait(attempts: Int, jitter: Double) -> Duration {
    min(initial * (1 << min(max(attempts, 1) - 1, 20)), maximum) * jitter
  }

  /// Whoever wants nothing to be tried again still waits for others' locks.
  package var lockPatience: Duration? { giveUpAfter > .zero ? giveUpAfter : nil }
}

extension Fault {
  /// Whether the same may succeed in a while, and is still wanted. A lock that was waited for as long as
  /// `give_up_after` is not waited for once more.
  package var isWorthAnotherTry: Bool { isTransient && code != "lock_held" && !Task.isCancelled }
}
