import Engine
import Model
import StateStore
import Testing

@testable import Scheduler

/// Fires that came while nobody looked, or while their interval was being made.
@Suite struct BacklogTests {
  @Test(arguments: [
    ("all", ["1.0 caught_up", "2.0 caught_up", "3.0 ran"]),
    ("latest", ["1.0 superseded", "2.0 superseded", "3.0 ran"]),
    ("none", ["1.0 outside_window", "2.0 outside_window", "3.0 ran"]),
    ("{policy: all, window: 90m}", ["1.0 outside_window", "2.0 caught_up", "3.0 ran"]),
  ])
  func missedFiresAreCaughtUpAsDeclared(policy: String, ledger: [String]) async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen("schedule: {cron: \"0 * * * *\", catch_up: \(policy)}")
      try await world.tick(at: 3, job)
      #expect(try await world.ledger() == ledger)
    }
  }

  @Test func firesThatShareAnIntervalMakeItOnceWhenCaughtUp() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen("interval: {span: day}\n\(ScheduleWorld.hourly)")
      try await world.tick(at: 3.5, job)
      #expect(try await world.ledger() == ["1.0 superseded", "2.0 superseded", "3.0 caught_up"])
      #expect(world.runner.log == ["job -24.0"])
      // The next one on time makes it again, as a new revision.
      #expect(try await world.tick(at: 4, job).map(\.summary?.revision) == [2])
    }
  }

  /// What such a fire tells of has come when the run had read already.
  @Test func aFireAmidARunOfItsIntervalMakesItAgain() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(
        "interval: {span: day}\nschedule: {cron: \"0 1,2 * * *\", catch_up: all}")
      world.runner.takes(.seconds(5400))
      #expect(try await world.tick(at: 1, job).map(\.summary?.revision) == [1])
      #expect(try await world.tick(job).map(\.summary?.revision) == [2])
      #expect(try await world.ledger() == ["1.0 ran", "2.0 caught_up"])
    }
  }

  /// A fire that comes while its interval's run lies about unfinished goes on with it, and makes the interval again
  /// where the run had begun to read before it came.
  @Test(arguments: [0.0, -1, 1]) func aFireThatGoesOnWithAnOlderRunMakesItAgain(
    hoursAhead: Double
  ) async throws {
    try await withScheduleWorld(hoursAhead: hoursAhead) { world in
      let job = try await world.seen("interval: {span: day}\n\(ScheduleWorld.hourly)")
      world.runner.expect(.fails)
      try await world.tick(at: 2, job)
      #expect(try await world.tick(at: 3, job).map(\.outcome) == [.pending, .ran])
      #expect(try await world.ledger() == ["1.0 superseded", "2.0 failed", "3.0 ran"])
      let runs = try await world.store.runs(RunFilter())
      #expect(runs.map { "\($0.revision) \($0.state)" } == ["2 succeeded", "1 succeeded"])
    }
  }

  /// A failed run that is tried again in six hours is not going on until then.
  @Test(arguments: [
    ("cancel_other", ["1.0 cancelled", "2.0 ran"], ["1.0 cancelled", "2.0 ran", "7.0 ran"]),
    ("skip", ["1.0 claimed", "2.0 ran"], ["1.0 ran", "2.0 ran", "7.0 ran"]),
    ("queue_all", ["1.0 claimed", "2.0 pending"], ["1.0 ran", "2.0 ran", "7.0 ran"]),
  ])
  func aRunThatWaitsForItsRerun(policy: String, at2: [String], at7: [String]) async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(
        """
        errors: {rerun: {attempts: 3, wait: 6h}}
        schedule: {cron: "0 1,2,7 * * *", catch_up: all, if_running: \(policy)}
        """)
      world.runner.expect(.fails)
      #expect(try await world.tick(at: 1, job).map(\.outcome) == [.claimed])
      try await world.tick(at: 2, job)
      #expect(try await world.ledger() == at2)
      try await world.tick(at: 7, job)
      #expect(try await world.ledger() == at7)
    }
  }
}
