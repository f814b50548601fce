import DemoServer
import Engine
import Model
import Runtime
import StateStore
import Testing

@testable import Scheduler

/// What one look at a schedule does: what runs, and what becomes of its fire.
@Suite struct TickTests {
  @Test func firesBeforeTheFirstSightingDoNotExist() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(ScheduleWorld.hourly)
      #expect(try await world.tick(at: 0.5, job).isEmpty)
      #expect(try await world.ledger().isEmpty)
      #expect(try await world.tick(at: 1, job).map(\.outcome) == [.ran])
      #expect(try await world.tick(job).isEmpty)
      #expect(try await world.ledger() == ["1.0 ran"])
      #expect(world.runner.log == ["job 0.0"])
    }
  }

  /// Also where fires come faster than their runs end.
  @Test func aTickRunsWhatWasDueWhenItBegan() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(ScheduleWorld.hourly)
      world.runner.takes(.seconds(5400))
      #expect(
        try await world.tick(at: 2, job).map(\.fire) == [ScheduleWorld.hours(1), ScheduleWorld.hours(2)])
      #expect(world.clock.now == ScheduleWorld.hours(5))
      // What has come meanwhile is for the next one, whoever entered it.
      #expect(try await world.tick(job).count == 3)
      #expect(
        try await world.ledger() == [
          "1.0 caught_up", "2.0 ran", "3.0 caught_up", "4.0 caught_up", "5.0 ran",
        ])
    }
  }

  @Test func whatADeadProcessLeftIsGoneOnWith() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(ScheduleWorld.hourly)
      world.runner.expect(.dies)
      let first = try await world.tick(at: 2, job)
      #expect(first.map(\.isOpen) == [true])
      #expect(try await world.ledger() == ["1.0 claimed", "2.0 pending"])
      let second = try await world.tick(job)
      #expect(second.map(\.outcome) == [.caughtUp, .ran])
      #expect(second.first?.run == first.first?.run)
      #expect(try await world.store.runs(RunFilter()).count == 2)
    }
  }

  /// Whatever clock the state has.
  @Test(arguments: [0.0, -1, 1]) func aFailedRunIsTriedAgainAsOftenAsItsJobSays(hoursAhead: Double)
    async throws
  {
    try await withScheduleWorld(hoursAhead: hoursAhead) { world in
      let job = try await world.seen("errors: {rerun: {attempts: 1, wait: 30m}}\n\(ScheduleWorld.hourly)")
      world.runner.expect(.fails, .fails)
      #expect(try await world.tick(at: 1, job).map(\.outcome) == [.claimed])
      #expect(try await world.tick(at: 1.4, job).isEmpty)
      #expect(try await world.tick(at: 1.5, job).map(\.outcome) == [.failed])
      #expect(try await world.tick(job).isEmpty)
      // The next fire is not held up by it.
      #expect(try await world.tick(at: 2, job).map(\.outcome) == [.ran])
      #expect(try await world.ledger() == ["1.0 failed", "2.0 ran"])
    }
  }

  @Test func anOutcomeStaysWhateverIsDoneByHandLater() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(ScheduleWorld.hourly)
      world.runner.expect(.fails)
      let failed = try await world.tick(at: 1, job)
      world.clock.set(1.1)
      // By hand the failed run is gone on with, and succeeds.
      let outcome = try await world.runner.run(job.request, matrixRowName: "")
      guard case .succeeded(let summary) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(summary.run == failed.first?.run)
      #expect(try await world.ledger() == ["1.0 failed"])
      let holes = try await world.holes(of: job)
      #expect(holes.isEmpty)
    }
  }

  @Test func whatCannotStartIsClosedWithItsReason() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(ScheduleWorld.hourly)
      world.runner.expect(.cannotStart)
      let reports = try await world.tick(at: 1, job)
      #expect(reports.map(\.outcome) == [.failedToStart])
      #expect(reports.first?.fault?.code == "bad_parameter")
    }
  }

  @Test func aRunThatEndsAfterItsDeadlineIsLate() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen("schedule: {cron: \"0 1 * * *\", finish_by: \"02:00\"}")
      world.runner.takes(.seconds(3601))
      #expect(try await world.tick(at: 1, job).map(\.outcome) == [.late])
    }
  }

  /// A stop that comes when the success is written is no fault of the fire.
  @Test func aRunThatIsStoppedBehindItsEndHasRun() async throws {
    try await withScheduleWorld { world in
      let job = try await world.seen(ScheduleWorld.hourly)
      world.runner.expect(.succeedsAndIsStopped)
      let report = try #require(try await world.tick(at: 1, job).first)
      #expect(report.outcome == .ran && report.fault == nil)
    }
  }

  @Test func whatIsMissedOrLateIsToldOnce() async throws {
    try await withScheduleWorld { world in
      let notify = "notify: [{events: [missed, late], command: [mail]}]"
      let job = try await world.seen(
        "schedule: {cron: \"0 * * * *\", catch_up: none, finish_by: \"03:30\"}\n\(notify)")
      world.runner.takes(.seconds(1801))
      try await world.tick(at: 3, job)
      try await world.tick(job)
      let notices = try await world.store.notices(limit: 10)
      #expect(Set(notices.map(\.event)) == [.missed, .late] && notices.count == 2)
      #expect(try await world.ledger() == ["1.0 outside_window", "2.0 outside_window", "3.0 late"])
    }
  }

  /// Whoever waits for a run of another process looks again when that one's lease ends, should it have died.
  @Test func theEndOfALeaseIsATimeToLook() async throws {
    let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-scheduler-")
    let project = try ScheduleWorld.project(in: folder)
    try FolderTree.remove(folder)
    try await SharedServer.withDatabase { settings in
      let store = try await Store.openPostgres(settings, lease: .seconds(600))
      let clock = HandClock(ScheduleWorld.start)
      let world = ScheduleWorld(
        store: store, clock: clock, runner: PretendRunner(store, clock), project: project)
      let job = try await world.seen(ScheduleWorld.hourly)
      clock.set(1)
      world.runner.close()
      async let running = world.tick(job)
      // Also where something is thrown: the tick is waited for.
      defer { world.runner.open() }
      await world.runner.arrival()
      var considered: Instant? = clock.now
      guard case .rest(let rest) = try await world.clerk.step(job, considered: &considered) else {
        throw CancellationError()
      }
      let until = try #require(rest.until)
      #expect(rest.isWaiting && until > clock.now && until <= clock.now.advanced(by: .seconds(600)))
      world.runner.open()
      #expect(try await running.count == 1)
      await store.close()
    }
  }
}
