import Model
import Testing

@testable import Runtime

@Suite struct RetryBudgetTests {
  private let rule = ErrorRules.Retry(
    initial: .seconds(1), maximum: .seconds(10), giveUpAfter: .seconds(60))

  @Test func waitsDoubleUpToTheMaximum() {
    var budget = RetryBudget(rule)
    let start = ContinuousClock.now
    let waits = (0..<6).map { _ in budget.next(now: start, jitter: 1) }
    #expect(waits == [1, 2, 4, 8, 10, 10].map { .seconds($0) })
    #expect(budget.attempts == 6)
  }

  @Test func jitterShortensTheWait() {
    var budget = RetryBudget(rule)
    #expect(budget.next(now: .now, jitter: 0.5) == .milliseconds(500))
  }

  @Test func theTimeIsCountedFromTheFirstFault() {
    var budget = RetryBudget(rule)
    let start = ContinuousClock.now
    #expect(budget.next(now: start, jitter: 1) != nil)
    #expect(budget.next(now: start + .seconds(59), jitter: 1) != nil)
    #expect(budget.next(now: start + .seconds(60), jitter: 1) == nil)
    budget.reset()
    #expect(budget.next(now: start + .seconds(61), jitter: 1) == .seconds(1))
    #expect(budget.next(now: start + .seconds(120), jitter: 1) == .seconds(2))
  }

  @Test func noTimeMeansNoRetry() {
    var budget = RetryBudget(.init(initial: .seconds(1), maximum: .seconds(1), giveUpAfter: .zero))
    #expect(budget.next() == nil)
  }

  @Test func manyAttemptsDoNotOverflow() {
    var budget = RetryBudget(
      .init(initial: .seconds(3600), maximum: .seconds(7200), giveUpAfter: .seconds(1 << 40)))
    let start = ContinuousClock.now
    for _ in 0..<100 { #expect((budget.next(now: start, jitter: 1) ?? .zero) <= .seconds(7200)) }
  }
}
