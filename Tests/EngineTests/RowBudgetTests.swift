import Testing

@testable import Engine

@Suite struct RowBudgetTests {
  /// Rows taken in pieces of any size, with the waits that were asked for, come at the rate.
  @Test(arguments: [1, 7, 100, 1000, 65_536] as [Int64]) func rowsComeAtTheRate(_ piece: Int64) {
    var now = ContinuousClock.now
    let start = now
    var budget = RowBudget(perSecond: 1000, now: now)
    var taken: Int64 = 0
    while taken < 200_000 {
      now += budget.take(piece, now: now)
      taken += piece
    }
    let seconds = (now - start) / .seconds(1)
    #expect(abs(seconds - Double(taken - 250) / 1000) < 0.001)
  }

  @Test func whoIsSlowWaitsForNothing() {
    var now = ContinuousClock.now
    var budget = RowBudget(perSecond: 1000, now: now)
    for _ in 0..<100 {
      #expect(budget.take(100, now: now) == .zero)
      now += .milliseconds(100)
    }
    // What was not used is not saved up for more than a quarter of a second.
    now += .seconds(3600)
    #expect(budget.take(250, now: now) == .zero)
    #expect(budget.take(1000, now: now) == .seconds(1))
  }

  @Test func aClockThatStandsStillOrGoesBackGivesNothing() {
    let now = ContinuousClock.now
    var budget = RowBudget(perSecond: 10, now: now)
    #expect(budget.take(20, now: now) == .milliseconds(1750))
    #expect(budget.take(0, now: now - .seconds(5)) == .milliseconds(1750))
    #expect(budget.take(0, now: now + .seconds(1)) == .milliseconds(750))
  }
}
