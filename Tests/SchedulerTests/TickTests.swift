import DemoServer
import Engine
import Model
import Runtime
import StateStore
import Testing

@testable import Scheduler

@Suite struct TickTests {
  private static let hourly = "schedule: {cron: \"0 * * * *\", catch_up: all, if_running: queue_all}"

  @Test func firesBeforeTheFirstSightingDoNotExist() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      world.clock.set(0.5)
      #expect(try await world.tick(job).isEmpty)
      #expect(try await world.ledger().isEmpty)
      world.clock.set(1)
      #expect(try await world.tick(job).map(\.outcome) == [.ran])
      #expect(try await world.tick(job).isEmpty)
      #expect(try await world.ledger() == ["1.0 ran"])
      #expect(world.runner.log == ["job 0.0"])
    }
  }

  @Test(arguments: [
    ("all", ["1.0 caught_up", "2.0 caught_up", "3.0 ran"]),
    ("latest", ["1.0 superseded", "2.0 superseded", "3.0 ran"]),
    ("none", ["1.0 outside_window", "2.0 outside_window", "3.0 ran"]),
    ("{policy: all, window: 90m}", ["1.0 outside_window", "2.0 caught_up", "3.0 ran"]),
  ])
  func missedFiresAreCaughtUpAsDeclared(policy: String, ledger: [String]) async throws {
    try await withScheduleWorld { world in
      let job = try world.job("schedule: {cron: \"0 * * * *\", catch_up: \(policy)}")
      try await world.tick(job)
      world.clock.set(3)
      try await world.tick(job)
      #expect(try await world.ledger() == ledger)
    }
  }

  @Test func firesThatShareAnIntervalMakeItOnceWhenCaughtUp() async throws {
    try await withScheduleWorld { world in
      let job = try world.job("interval: {span: day}\n\(Self.hourly)")
      try await world.tick(job)
      world.clock.set(3.5)
      try await world.tick(job)
      #expect(try await world.ledger() == ["1.0 superseded", "2.0 superseded", "3.0 caught_up"])
      #expect(world.runner.log == ["job -24.0"])
      // The next one on time makes it again, as a new revision.
      world.clock.set(4)
      #expect(try await world.tick(job).map(\.summary?.revision) == [2])
    }
  }

  /// What such a fire tells of has come when the run had read already.
  @Test func aFireAmidARunOfItsIntervalMakesItAgain() async throws {
    try await withScheduleWorld { world in
      let job = try world.job("interval: {span: day}\nschedule: {cron: \"0 1,2 * * *\", catch_up: all}")
      try await world.tick(job)
      world.clock.set(1)
      world.runner.takes(.seconds(5400))
      #expect(try await world.tick(job).map(\.summary?.revision) == [1])
      #expect(try await world.tick(job).map(\.summary?.revision) == [2])
      #expect(try await world.ledger() == ["1.0 ran", "2.0 caught_up"])
    }
  }

  @Test func aSuccessByHandBeforeTheTickIsAlreadyDone() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      world.clock.set(1.001)
      _ = try await world.runner.run(job.request, matrixRowName: "")
      world.clock.set(1.002)
      #expect(try await world.tick(job).map(\.outcome) == [.alreadyDone])
    }
  }

  @Test func whatADeadProcessLeftIsGoneOnWith() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      world.clock.set(2)
      world.runner.expect(.dies)
      let first = try await world.tick(job)
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
      let job = try world.job("errors: {rerun: {attempts: 1, wait: 30m}}\n\(Self.hourly)")
      try await world.tick(job)
      world.clock.set(1)
      world.runner.expect(.fails, .fails)
      #expect(try await world.tick(job).map(\.outcome) == [.claimed])
      world.clock.set(1.4)
      #expect(try await world.tick(job).isEmpty)
      world.clock.set(1.5)
      #expect(try await world.tick(job).map(\.outcome) == [.failed])
      #expect(try await world.tick(job).isEmpty)
      // The next fire is not held up by it.
      world.clock.set(2)
      #expect(try await world.tick(job).map(\.outcome) == [.ran])
      #expect(try await world.ledger() == ["1.0 failed", "2.0 ran"])
    }
  }

  /// By whatever clock the state dates its records.
  @Test(arguments: [0.0, -1, 1]) func aPatientFireWaitsForItsUpstreamAsLongAsItsJobSays(
    hoursAhead: Double
  ) async throws {
    try await withScheduleWorld(hoursAhead: hoursAhead) { world in
      let job = try world.job("schedule: {cron: \"0 * * * *\", after: {jobs: [load], within: 30m}}")
      try await world.tick(job)
      world.clock.set(1)
      try await world.tick(job)
      world.clock.set(1.4)
      try await world.tick(job)
      #expect(try await world.ledger() == ["1.0 pending"])
      world.clock.set(1.5)
      try await world.tick(job)
      #expect(try await world.ledger() == ["1.0 not_ready"])
    }
  }

  /// Those that come meanwhile for the same interval take its place, and prolong nothing.
  @Test(arguments: [0.0, -1, 1]) func anIntervalIsWaitedForAsLongAsItsJobSays(hoursAhead: Double) async throws
  {
    try await withScheduleWorld(hoursAhead: hoursAhead) { world in
      let job = try world.job(
        """
        interval: {span: day}
        schedule: {cron: "0 * * * *", after: {jobs: [load], within: 150m}}
        """)
      try await world.tick(job)
      for hour in 1...7 {
        world.clock.set(Double(hour))
        try await world.tick(job)
      }
      #expect(
        try await world.ledger() == [
          "1.0 superseded", "2.0 superseded", "3.0 not_ready", "4.0 superseded", "5.0 superseded",
          "6.0 not_ready", "7.0 pending",
        ])
    }
  }

  /// A fire that comes while its interval's run lies about unfinished goes on with it, and makes the interval again
  /// where the run had begun to read before it came.
  @Test(arguments: [0.0, -1, 1]) func aFireThatGoesOnWithAnOlderRunMakesItAgain(
    hoursAhead: Double
  ) async throws {
    try await withScheduleWorld(hoursAhead: hoursAhead) { world in
      let job = try world.job("interval: {span: day}\n\(Self.hourly)")
      try await world.tick(job)
      world.clock.set(2)
      world.runner.expect(.fails)
      try await world.tick(job)
      world.clock.set(3)
      #expect(try await world.tick(job).map(\.outcome) == [.pending, .ran])
      #expect(try await world.ledger() == ["1.0 superseded", "2.0 failed", "3.0 ran"])
      let runs = try await world.store.runs(RunFilter())
      #expect(runs.map { "\($0.revision) \($0.state)" } == ["2 succeeded", "1 succeeded"])
    }
  }

  @Test func anOutcomeStaysWhateverIsDoneByHandLater() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      world.clock.set(1)
      world.runner.expect(.fails)
      let failed = try await world.tick(job)
      world.clock.set(1.1)
      // By hand the failed run is gone on with, and succeeds.
      let outcome = try await world.runner.run(job.request, matrixRowName: "")
      guard case .succeeded(let summary) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(summary.run == failed.first?.run)
      #expect(try await world.ledger() == ["1.0 failed"])
      let holes = try await HoleFinder(store: world.store, project: "shop", now: world.clock.now)
        .holes(job, firstSeen: ScheduleWorld.start)
      #expect(holes.isEmpty)
    }
  }

  @Test func whatCannotStartIsClosedWithItsReason() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      world.clock.set(1)
      world.runner.expect(.cannotStart)
      let reports = try await world.tick(job)
      #expect(reports.map(\.outcome) == [.failedToStart])
      #expect(reports.first?.fault?.code == "bad_parameter")
    }
  }

  @Test func aRunThatEndsAfterItsDeadlineIsLate() async throws {
    try await withScheduleWorld { world in
      let job = try world.job("schedule: {cron: \"0 1 * * *\", finish_by: \"02:00\"}")
      try await world.tick(job)
      world.clock.set(1)
      world.runner.takes(.seconds(3601))
      #expect(try await world.tick(job).map(\.outcome) == [.late])
    }
  }

  /// A stop that comes when the success is written is no fault of the fire.
  @Test func aRunThatIsStoppedBehindItsEndHasRun() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      world.clock.set(1)
      world.runner.expect(.succeedsAndIsStopped)
      let report = try #require(try await world.tick(job).first)
      #expect(report.outcome == .ran && report.fault == nil)
    }
  }

  @Test func whatIsMissedOrLateIsToldOnce() async throws {
    try await withScheduleWorld { world in
      let notify = "notify: [{events: [missed, late], command: [mail]}]"
      let job = try world.job(
        "schedule: {cron: \"0 * * * *\", catch_up: none, finish_by: \"03:30\"}\n\(notify)")
      try await world.tick(job)
      world.clock.set(3)
      world.runner.takes(.seconds(1801))
      try await world.tick(job)
      try await world.tick(job)
      let notices = try await world.store.notices(limit: 10)
      #expect(Set(notices.map(\.event)) == [.missed, .late] && notices.count == 2)
      #expect(try await world.ledger() == ["1.0 outside_window", "2.0 outside_window", "3.0 late"])
    }
  }

  @Test func aJobRunsOnceItsUpstreamHasSucceeded() async throws {
    try await withScheduleWorld { world in
      let load = try world.job("load", Self.hourly)
      let job = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load], within: 2h}}")
      try await world.tick(job, load)
      world.clock.set(1)
      // One tick runs both, whatever their order.
      let reports = try await world.tick(job, load)
      #expect(reports.map { "\($0.job) \($0.outcome.rawValue)" } == ["load ran", "report ran"])
      world.clock.set(2)
      world.runner.expect(.fails)
      #expect(try await world.tick(job, load).map(\.outcome) == [.failed])
      #expect(try await world.ledger("report") == ["1.0 ran", "2.0 pending"])
      world.clock.set(4)
      try await world.tick(job)
      #expect(try await world.ledger("report").prefix(2) == ["1.0 ran", "2.0 upstream_failed"])
    }
  }

  @Test func aRowThatIsGoneUpstreamHoldsUpNobody() async throws {
    try await withScheduleWorld { world in
      let load = try world.job("load", Self.hourly)
      let (a, b) = (try world.row("a", of: load), try world.row("b", of: load))
      let job = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load]}}")
      try await world.tick(a, b, job)
      world.clock.set(1)
      try await world.tick(b, job, knowing: [a, b])
      #expect(try await world.ledger("report") == ["1.0 pending"])
      world.clock.set(2)
      try await world.tick(b, job)
      #expect(try await world.ledger("report") == ["1.0 ran", "2.0 ran"])
    }
  }

  @Test func aFailureOfAnotherRowUpstreamIsNobodyElses() async throws {
    try await withScheduleWorld { world in
      let load = try world.job("load", Self.hourly)
      let (a, b) = (try world.row("a", of: load), try world.row("b", of: load))
      let report = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load]}}")
      let job = try world.row("a", of: report)
      try await world.tick(a, b, job)
      world.clock.set(1)
      world.runner.expect(.fails)
      #expect(try await world.tick(b, job, knowing: [a, b]).map(\.outcome) == [.failed])
      #expect(try await world.ledger("report") == ["1.0 pending"])
      try await world.tick(a, job, knowing: [a, b])
      #expect(try await world.ledger("report") == ["1.0 ran"])
    }
  }

  /// What somebody has made of an interval by hand with other parameters is not what the schedule makes of it.
  @Test func aSuccessWithOtherParametersLeavesTheHole() async throws {
    try await withScheduleWorld { world in
      let load = try world.job("load", "params: {m: {type: text, default: a}}\n\(Self.hourly)")
      let job = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load]}}")
      try await world.tick(load, job)
      world.clock.set(1)
      world.runner.expect(.fails)
      try await world.tick(load)
      var request = load.request
      request.parameters = ["m": "b"]
      _ = try await world.runner.run(request, matrixRowName: "")
      try await world.tick(load, job)
      #expect(try await world.ledger("report") == ["1.0 upstream_failed"])
      let holes = try await HoleFinder(store: world.store, project: "shop", now: world.clock.now)
        .holes(load, firstSeen: ScheduleWorld.start)
      #expect(holes.map(\.interval.start) == [ScheduleWorld.start])
      let plan = try await BackfillPlan(
        load.request, row: "", range: ScheduleWorld.start..<ScheduleWorld.hours(1), only: .missing,
        store: world.store, now: world.clock.now, zones: .system)
      #expect(plan.items.map(\.isAgain) == [false])
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
      let job = try world.job(
        """
        errors: {rerun: {attempts: 3, wait: 6h}}
        schedule: {cron: "0 1,2,7 * * *", catch_up: all, if_running: \(policy)}
        """)
      try await world.tick(job)
      world.clock.set(1)
      world.runner.expect(.fails)
      #expect(try await world.tick(job).map(\.outcome) == [.claimed])
      world.clock.set(2)
      try await world.tick(job)
      #expect(try await world.ledger() == at2)
      world.clock.set(7)
      try await world.tick(job)
      #expect(try await world.ledger() == at7)
    }
  }

  @Test func aPausedJobsFiresAreSettledAsPaused() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      let until = ScheduleWorld.hours(1.5)
      _ = try await world.store.pause(project: "shop", job: job.id.job, until: until, reason: "x", by: "y")
      world.clock.set(1)
      #expect(try await world.tick(job).isEmpty)
      world.clock.set(2)
      #expect(try await world.tick(job).map(\.outcome) == [.ran])
      #expect(try await world.ledger() == ["1.0 paused", "2.0 ran"])
    }
  }

  @Test func aPoolOfOneRunsItsJobsOneByOne() async throws {
    try await withScheduleWorld { world in
      let keys = "limits: {pool: narrow}\n\(Self.hourly)"
      let (a, b) = (try world.job("a", keys), try world.job("b", keys))
      try await world.tick(a, b)
      world.clock.set(2)
      #expect(try await world.tick(a, b).map(\.outcome.isOpen) == [false, false, false, false])
      #expect(world.clock.now == ScheduleWorld.hours(2))
    }
  }

  @Test func inAPoolWhatHasWaitedLongestGoesNext() async throws {
    try await withScheduleWorld { world in
      let keys = "limits: {pool: narrow}\n\(Self.hourly)"
      let (a, b) = (try world.job("a", keys), try world.job("b", keys))
      try await world.tick(a, b)
      world.clock.set(3)
      try await world.tick(b, a)
      #expect(world.runner.log == ["a 0.0", "b 0.0", "a 1.0", "b 1.0", "a 2.0", "b 2.0"])
    }
  }

  /// Also where fires come faster than their runs end.
  @Test func aTickRunsWhatWasDueWhenItBegan() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      world.clock.set(2)
      world.runner.takes(.seconds(5400))
      #expect(try await world.tick(job).map(\.fire) == [ScheduleWorld.hours(1), ScheduleWorld.hours(2)])
      #expect(world.clock.now == ScheduleWorld.hours(5))
      // What has come meanwhile is for the next one, whoever entered it.
      #expect(try await world.tick(job).count == 3)
      #expect(
        try await world.ledger() == [
          "1.0 caught_up", "2.0 ran", "3.0 caught_up", "4.0 caught_up", "5.0 ran",
        ])
    }
  }

  @Test func byHandTheOldestUnfinishedFireComesFirst() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      let hand = world.hand
      world.clock.set(0.5)
      #expect(try await hand.request(job.request, row: "").choice == .latest)
      try await world.tick(job)
      world.clock.set(3)
      world.runner.expect(.dies)
      try await world.tick(job)
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
      let job = try world.job("interval: {span: day}\n\(Self.hourly)")
      try await world.tick(job)
      world.clock.set(1)
      try await world.tick(job)
      world.clock.set(2)
      var considered = try await world.clerk.entry.considered(seeing: [job])
      _ = try await world.clerk.entry.enterDue([job], considered: &considered)
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
      let job = try world.job("interval: {span: day}\n\(Self.hourly)")
      try await world.tick(job)
      world.clock.set(1)
      let key = FireKey(
        project: "shop", job: job.id.job, matrixRow: "", fire: ScheduleWorld.hours(1))
      var considered = try await world.clerk.entry.considered(seeing: [job])
      _ = try await world.clerk.entry.enterDue([job], considered: &considered)
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

  @Test func aRunIsCancelledForGood() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      world.clock.set(1)
      world.runner.expect(.dies)
      let run = try #require(try await world.tick(job).first?.run)
      let cancellation = RunCancellation(store: world.store, raiseFences: { _ in false })
      #expect(try await cancellation.end(run, by: "ops", reason: "not needed") == .ended)
      #expect(try await cancellation.end(run, by: "ops", reason: "again") == .over(.cancelled))
      #expect(try await world.ledger() == ["1.0 cancelled"])
      #expect(try await world.tick(job).isEmpty)
    }
  }

  /// The job's interval changes while a run stands amid its publish: one whose targets hold its result is finished,
  /// and one of which nobody can tell that is told of, and decided later.
  @Test(arguments: [true, nil]) func amidItsPublishARunOfAnotherIntervalIsNotDropped(
    _ isPublished: Bool?
  ) async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      world.clock.set(1)
      world.runner.expect(.dies)
      let run = try #require(try await world.tick(job).first?.run)
      guard case .owned(let ownership) = try await world.store.claim(run) else { throw CancellationError() }
      for state in [RunState.merging, .prepared, .publishing] {
        try await world.store.move(ownership, RunMove(to: state, event: EventDraft(state.rawValue)))
      }
      try await world.store.release(ownership)
      let changed = try world.job("interval: {span: day}\n\(Self.hourly)")
      func tick(_ isPublished: Bool?) async throws -> [FireReport] {
        let cancellation = RunCancellation(store: world.store) { _ in
          guard let isPublished else { throw Fault("cannot_connect", .connection, "The target is down") }
          return isPublished
        }
        return try await Tick(
          clerk: world.clerk,
          execution: FireExecution(
            store: world.store, runner: world.runner, zones: .system, now: world.now,
            cancellation: cancellation), parallelism: 1
        ).run([changed]) { _ in }
      }
      let reports = try await tick(isPublished)
      #expect(reports.first?.run == run)
      if isPublished == true {
        #expect(reports.first?.fault == nil, "\(reports)")
        #expect(try await world.ledger().first == "1.0 ran")
      } else {
        #expect(reports.first?.fault?.code == "undecided" && reports.first?.isOpen == true, "\(reports)")
        #expect(try await world.ledger().first == "1.0 claimed")
        _ = try await tick(false)
        #expect(try await world.ledger().first == "1.0 failed")
      }
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
      let job = try world.job(Self.hourly)
      try await world.tick(job)
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

  @Test func failuresInARowPauseTheJob() async throws {
    try await withScheduleWorld { world in
      let job = try world.job("errors: {pause_after: 2}\n\(Self.hourly)")
      try await world.tick(job)
      world.runner.expect(.fails, .succeeds, .fails, .fails)
      for hour in 1...5 {
        world.clock.set(Double(hour))
        let reports = try await world.tick(job)
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
        world.clock.set(Double(hour))
        #expect(try await world.tick(job).allSatisfy { $0.pause == nil })
      }
      #expect(try await world.ledger().suffix(2) == ["6.0 failed", "7.0 ran"])
    }
  }

  /// Whoever dies when the failure is written, and no sooner, has paused the job as well.
  @Test func aFailureIsWrittenWithItsPause() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(
        "errors: {pause_after: 1}\nnotify: [{events: [failure], command: [mail]}]\n\(Self.hourly)")
      try await world.tick(job)
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

  @Test func theHighestPriorityGoesFirst() async throws {
    try await withScheduleWorld { world in
      let jobs = try [("a", 0), ("b", 7), ("c", -1)].map { name, priority in
        try world.job(name, "limits: {pool: narrow, priority: \(priority)}\n\(Self.hourly)")
      }
      let tick = Tick(clerk: world.clerk, execution: world.execution, parallelism: 1)
      _ = try await tick.run(jobs) { _ in }
      world.clock.set(1)
      _ = try await tick.run(jobs) { _ in }
      #expect(world.runner.log == ["b 0.0", "a 0.0", "c 0.0"])
    }
  }

  @Test(arguments: [
    ("limits: {pool: narrow}", 1), ("limits: {max_concurrent_runs: 2}", 2), ("limits: {}", 3),
  ])
  func runsAreBounded(limits: String, most: Int) async throws {
    try await withScheduleWorld { world in
      let job = try world.job("\(limits)\n\(Self.hourly)")
      var orders: [FireOrder] = []
      // Three rows of a matrix, as far as a bound is concerned.
      for row in ["a", "b", "c"] {
        let job = try world.row(row, of: job)
        var considered: Instant? = ScheduleWorld.start
        _ = try await world.store.recordFirstSighting(
          project: "shop", job: job.id.job, matrixRow: row, clock: job.clock, at: ScheduleWorld.start)
        world.clock.set(1)
        if case .run(let order) = try await world.shared.step(job, considered: &considered) {
          orders.append(order)
        }
      }
      #expect(orders.count == most)
      // A place that is given back is there again.
      if let first = orders.first { world.shared.finished(first) }
      var considered: Instant? = ScheduleWorld.start
      let last = try world.row("c", of: job)
      guard case .run = try await world.shared.step(last, considered: &considered) else {
        Issue.record("no place")
        return
      }
    }
  }
}
