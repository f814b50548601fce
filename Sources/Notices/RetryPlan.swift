package import Model
internal import Runtime

/// Decides when an undelivered notice is tried again, and when no more.
package struct RetryPlan: Hashable, Sendable {
  package var rule: ErrorRules.Retry

  package enum Step: Hashable, Sendable {
    case retry(after: Duration)
    case giveUp
  }

  /// From 10 seconds to an hour between attempts, for a day.
  package static let standard = RetryPlan(
    rule: ErrorRules.Retry(initial: .seconds(10), maximum: .seconds(3600), giveUpAfter: .seconds(86_400)))

  package init(rule: ErrorRules.Retry) {
    self.rule = rule
  }

  /// - Parameters:
  ///   - attempts: those that failed so far, this one included; from 1.
  ///   - age: since the notice was first due.
  ///   - asked: how long the receiver asked us to wait; it is waited for, up to an hour.
  ///   - chance: from 0 up to, not including, 1.
  package func step(attempts: Int, age: Duration, asked: Duration?, chance: Double) -> Step {
    var wait = rule.wait(attempts: attempts, jitter: (1 + chance) / 2)
    if let asked { wait = max(wait, min(asked, .seconds(3600))) }
    return age + wait > rule.giveUpAfter ? .giveUp : .retry(after: wait)
  }
}
