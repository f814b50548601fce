internal import Model
internal import Notices
internal import StateStore

/// What becomes of the notices of an attempt that has failed: each is tried for as long as its own age allows, and those
/// of a digest that may go on go on together.
struct NoticeRetry {
  private(set) var again: [NoticeRecord] = []
  private(set) var over: [NoticeRecord] = []
  /// Until the next attempt, by whoever of them waits longest.
  private(set) var wait = Duration.zero

  /// - Parameters:
  ///   - asked: how long the receiver asked us to wait.
  ///   - chance: from 0 up to, not including, 1.
  init(_ records: [NoticeRecord], asked: Duration?, now: Instant, chance: Double) {
    for record in records {
      let step = RetryPlan.standard.step(
        attempts: record.attempts, age: record.createdAt.duration(to: now), asked: asked, chance: chance)
      switch step {
      case .giveUp: over.append(record)
      case .retry(let wait):
        again.append(record)
        self.wait = max(self.wait, wait)
      }
    }
  }
}
