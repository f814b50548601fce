import Engine
import Model
import StateStore
import Testing

@testable import Scheduler

/// What is run by hand beside a schedule, and what becomes of the fires.
@Suite struct HandRunTests {
  @Test func byHandTheOldestUnfinishedFireComesFirst() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(ScheduleWorld.hourly)
      let hand = world.hand
      world.clock.set(0.5)
      #expect(try await hand.request(job.request, row: "").choice == .latest)
      try await world.tick(job)
      world.runner.expect(.dies)
      try await world.tick(at: 3, job)
      let oldest = try await hand.request(job.request, row: "")
      #expect(
        oldest.choice == .fire(ScheduleWorld.hours(1), entered: ScheduleWorld.range(0, 1))
          && oldest.fire == nil)
      _ = try await world.runner.run(oldest, matrixRowName: "")
      let second = try await hand.request(job.request, row: "")
      #expect(
        second.choice == .fire(ScheduleWorld.hours(2), entered: ScheduleWorld.range(1, 2))
          && second.fire != nil)
      let outcome = try await world.runner.run(second, matrixRowName: "")
      try await hand.finish(second, outcome)
      #expect(try await world.ledger() == ["1.0 ran", "2.0 ran", "3.0 pending"])
    }
  }

  /// As the tick would: the interval was made by a run that had begun to read before the fire came.
  @Test(arguments: [0.0, -1, 1]) func byHandAFireIsRunThatItsIntervalsRunHasNotSeen(
    hoursAhead: Double
  ) async throws {
    try await withScheduleWorld(hoursAhead: hoursAhead) { world in
      let job = try await world.seen("interval: {span: day}\n\(ScheduleWorld.hourly)")
      try await world.tick(at: 1, job)
      world.clock.set(2)
      try await world.enterDue(job)
      #expect(try await world.ledger() == ["1.0 ran", "2.0 pending"])
      let unseen = try await world.hand.request(job.request, row: "")
      #expect(unseen.again)
      let outcome = try await world.runner.run(unseen, matrixRowName: "")
      try await world.hand.finish(unseen, outcome)
      guard case .succeeded(let summary) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(summary.revision == 2)
      #expect(try await world.ledger() == ["1.0 ran", "2.0 ran"])
    }
  }

  /// What was made since the fire came is not made again.
  @Test func byHandAFireIsClosedThatItsIntervalsRunHasSeen() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen("interval: {span: day}\n\(ScheduleWorld.hourly)")
      world.clock.set(1)
      let key = FireKey(
        project: "shop", job: job.id.job, matrixRow: "", fire: ScheduleWorld.hours(1))
      try await world.enterDue(job)
      var elsewhere = job.request
      elsewhere.choice = .fire(key.fire, entered: nil)
      world.clock.set(1.5)
      await #expect(throws: Fault.self) {
        try await world.runner.run(elsewhere, matrixRowName: "", diesAt: .succeeded)
      }
      #expect(try await world.ledger() == ["1.0 pending"])
      let seen = try await world.hand.request(job.request, row: "")
      #expect(!seen.again)
      try await world.hand.finish(seen, try await world.runner.run(seen, matrixRowName: ""))
      #expect(try await world.ledger() == ["1.0 already_done"])
    }
  }

  @Test func aSuccessByHandBeforeTheTickIsAlreadyDone() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(ScheduleWorld.hourly)
      world.clock.set(1.001)
      _ = try await world.runner.run(job.request, matrixRowName: "")
      #expect(try await world.tick(at: 1.002, job).map(\.outcome) == [.alreadyDone])
    }
  }
}
