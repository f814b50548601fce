import Model
import Notices
import Testing

@Suite struct RetryPlanTests {
  @Test func waitsDoubleUpToTheMaximum() {
    let plan = RetryPlan.standard
    for (attempts, seconds) in [(1, 10), (2, 20), (3, 40), (9, 2560), (10, 3600), (1000, 3600)] {
      for (chance, share) in [(0.0, 0.5), (0.5, 0.75)] {
        let step = plan.step(attempts: attempts, age: .zero, asked: nil, chance: chance)
        #expect(step == .retry(after: .seconds(Double(seconds) * share)))
      }
    }
  }

  @Test func theReceiverIsListenedTo() {
    let plan = RetryPlan.standard
    func step(_ asked: Duration) -> RetryPlan.Step {
      plan.step(attempts: 1, age: .zero, asked: asked, chance: 0)
    }
    #expect(step(.seconds(1)) == .retry(after: .seconds(5)))
    #expect(step(.seconds(120)) == .retry(after: .seconds(120)))
    #expect(step(.seconds(999_999)) == .retry(after: .seconds(3600)))
  }

  @Test func itEnds() {
    let plan = RetryPlan.standard
    #expect(
      plan.step(attempts: 1, age: .seconds(86_395), asked: nil, chance: 0) == .retry(after: .seconds(5)))
    #expect(plan.step(attempts: 1, age: .seconds(86_396), asked: nil, chance: 0) == .giveUp)
  }
}
