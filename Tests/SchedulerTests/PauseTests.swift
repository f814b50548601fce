import Model
import StateStore
import Testing

@testable import Scheduler

/// Jobs that somebody pauses, or their own failures.
@Suite struct PauseTests {
  @Test func aPausedJobsFiresAreSettledAsPaused() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(ScheduleWorld.hourly)
      let until = ScheduleWorld.hours(1.5)
      _ = try await world.store.pause(project: "shop", job: job.id.job, until: until, reason: "x", by: "y")
      #expect(try await world.tick(at: 1, job).isEmpty)
      #expect(try await world.tick(at: 2, job).map(\.outcome) == [.ran])
      #expect(try await world.ledger() == ["1.0 paused", "2.0 ran"])
    }
  }

  @Test func failuresInARowPauseTheJob() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen("errors: {pause_after: 2}\n\(ScheduleWorld.hourly)")
      world.runner.expect(.fails, .succeeds, .fails, .fails)
      for hour in 1...5 {
        let reports = try await world.tick(at: Double(hour), job)
        #expect(reports.contains { $0.pause != nil } == (hour == 4))
      }
      #expect(
        try await world.ledger() == ["1.0 failed", "2.0 ran", "3.0 failed", "4.0 failed", "5.0 paused"])
      let pause = try #require(try await world.store.pauses(project: "shop").first)
      #expect(pause.reason == "the last 2 fires failed, one after the other" && pause.by == "tidemark")
      // Whoever ends it begins the count anew.
      try await world.store.unpause(project: "shop", job: JobName("job"), by: "test")
      world.runner.expect(.fails, .succeeds)
      for hour in 6...7 {
        #expect(try await world.tick(at: Double(hour), job).allSatisfy { $0.pause == nil })
      }
      #expect(try await world.ledger().suffix(2) == ["6.0 failed", "7.0 ran"])
    }
  }

  /// Whoever dies when the failure is written, and no sooner, has paused the job as well.
  @Test func aFailureIsWrittenWithItsPause() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(
        "errors: {pause_after: 1}\nnotify: [{events: [failure], command: [mail]}]\n\(ScheduleWorld.hourly)")
      world.clock.set(1)
      world.runner.expect(.fails)
      var considered: Instant? = ScheduleWorld.start
      guard case .run(let order) = try await world.clerk.step(job, considered: &considered) else {
        throw CancellationError()
      }
      await #expect(throws: Fault.self) { try await world.runner.run(order.request, matrixRowName: "") }
      #expect(try await world.ledger() == ["1.0 failed"])
      #expect(try await world.store.pauses(project: "shop").map(\.reason) == ["the last fire failed"])
      #expect(try await world.store.notices(limit: 10).map(\.event) == [.failure])
    }
  }
}
