import Engine
import Model
import Runtime
import StateStore
import Testing

@testable import Scheduler

/// Jobs that wait for other jobs.
@Suite struct UpstreamTests {
  @Test func aJobRunsOnceItsUpstreamHasSucceeded() async throws {
    try await withScheduleWorld { world in
      let load = try world.job("load", ScheduleWorld.hourly)
      let job = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load], within: 2h}}")
      try await world.tick(job, load)
      world.clock.set(1)
      // One tick runs both, whatever their order.
      let reports = try await world.tick(job, load)
      #expect(reports.map { "\($0.job) \($0.outcome.rawValue)" } == ["load ran", "report ran"])
      world.runner.expect(.fails)
      #expect(try await world.tick(at: 2, job, load).map(\.outcome) == [.failed])
      #expect(try await world.ledger("report") == ["1.0 ran", "2.0 pending"])
      try await world.tick(at: 4, job)
      #expect(try await world.ledger("report").prefix(2) == ["1.0 ran", "2.0 upstream_failed"])
    }
  }

  /// By whatever clock the state dates its records.
  @Test(arguments: [0.0, -1, 1]) func aPatientFireWaitsForItsUpstreamAsLongAsItsJobSays(
    hoursAhead: Double
  ) async throws {
    try await withScheduleWorld(hoursAhead: hoursAhead) { world in
      let job = try await world.seen("schedule: {cron: \"0 * * * *\", after: {jobs: [load], within: 30m}}")
      try await world.tick(at: 1, job)
      try await world.tick(at: 1.4, job)
      #expect(try await world.ledger() == ["1.0 pending"])
      try await world.tick(at: 1.5, job)
      #expect(try await world.ledger() == ["1.0 not_ready"])
    }
  }

  /// Those that come meanwhile for the same interval take its place, and prolong nothing.
  @Test(arguments: [0.0, -1, 1]) func anIntervalIsWaitedForAsLongAsItsJobSays(hoursAhead: Double) async throws
  {
    try await withScheduleWorld(hoursAhead: hoursAhead) { world in
      let job = try await world.seen(
        """
        interval: {span: day}
        schedule: {cron: "0 * * * *", after: {jobs: [load], within: 150m}}
        """)
      for hour in 1...7 {
        try await world.tick(at: Double(hour), job)
      }
      #expect(
        try await world.ledger() == [
          "1.0 superseded", "2.0 superseded", "3.0 not_ready", "4.0 superseded", "5.0 superseded",
          "6.0 not_ready", "7.0 pending",
        ])
    }
  }

  @Test func aRowThatIsGoneUpstreamHoldsUpNobody() async throws {
    try await withScheduleWorld { world in
      let load = try world.job("load", ScheduleWorld.hourly)
      let (a, b) = (try world.row("a", of: load), try world.row("b", of: load))
      let job = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load]}}")
      try await world.tick(a, b, job)
      try await world.tick(at: 1, b, job, knowing: [a, b])
      #expect(try await world.ledger("report") == ["1.0 pending"])
      try await world.tick(at: 2, b, job)
      #expect(try await world.ledger("report") == ["1.0 ran", "2.0 ran"])
    }
  }

  @Test func aFailureOfAnotherRowUpstreamIsNobodyElses() async throws {
    try await withScheduleWorld { world in
      let load = try world.job("load", ScheduleWorld.hourly)
      let (a, b) = (try world.row("a", of: load), try world.row("b", of: load))
      let report = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load]}}")
      let job = try world.row("a", of: report)
      try await world.tick(a, b, job)
      world.runner.expect(.fails)
      #expect(try await world.tick(at: 1, b, job, knowing: [a, b]).map(\.outcome) == [.failed])
      #expect(try await world.ledger("report") == ["1.0 pending"])
      try await world.tick(a, job, knowing: [a, b])
      #expect(try await world.ledger("report") == ["1.0 ran"])
    }
  }

  /// While some stores hold a later revision, or chunks of one, and others the success before it, nobody reads them:
  /// whether it goes on, has stopped, failed or was given up.
  @Test(arguments: [nil, RunState.interrupted, .failed, .cancelled], [true, false])
  func aResultThatIsReplacedInPartIsWaitedFor(_ end: RunState?, byChunk: Bool) async throws {
    try await withScheduleWorld { world in
      let load = try world.job("load", ScheduleWorld.hourly)
      let job = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load]}}")
      try await world.tick(load, job)
      try await world.tick(at: 1, load)
      let done = try #require(try await world.store.runs(RunFilter(job: JobName("load"))).first)
      let again = NewRun(identity: done.identity, jobHash: "", again: true)
      guard case .created(let run) = try await world.store.openRun(again),
        case .owned(let owner) = try await world.store.claim(run.id)
      else { throw CancellationError() }
      func move(_ states: RunState...) async throws {
        for state in states {
          var move = RunMove(to: state, event: EventDraft(state.rawValue))
          move.givesUpRest = true
          try await world.store.move(owner, move)
        }
      }
      try await move(.running)
      let details = byChunk ? JSONValue.object([SinkMark.byChunk]) : .null
      try await world.store.markPrepared(
        ["a", "b"].map { PreparedSink(sink: $0, resultHash: "", rowCount: 0, details: details) },
        commitment: nil, for: owner)
      if !byChunk {
        try await move(.merging, .prepared, .publishing)
        // Whoever dies behind a commit may not have written it down.
        if end != nil { try await world.store.markCommitted(sinks: ["a"], for: owner) }
        if end == .cancelled { try await move(.interrupted) }
      }
      if let end { try await move(end) }
      try await world.store.release(owner)
      try await world.tick(job, knowing: [load, job])
      #expect(try await world.ledger("report") == ["1.0 pending"])
      let next: RunID
      if end == .cancelled {
        guard case .created(let later) = try await world.store.openRun(again) else {
          throw CancellationError()
        }
        next = later.id
      } else {
        next = run.id
      }
      guard case .owned(let heir) = try await world.store.claim(next) else { throw CancellationError() }
      let way: [RunState] =
        byChunk || end == .cancelled ? [.running, .merging, .prepared, .publishing] : [.publishing]
      let state = try await world.store.run(next)?.state
      for state in way.drop(while: { [.running, .publishing].contains($0) && $0 == state }) + [.succeeded] {
        try await world.store.move(heir, RunMove(to: state, event: EventDraft(state.rawValue)))
      }
      try await world.store.release(heir)
      try await world.tick(job, knowing: [load, job])
      #expect(try await world.ledger("report") == ["1.0 ran"])
    }
  }

  /// What somebody has made of an interval by hand with other parameters is not what the schedule makes of it.
  @Test func aSuccessWithOtherParametersLeavesTheHole() async throws {
    try await withScheduleWorld { world in
      let load = try world.job("load", "params: {m: {type: text, default: a}}\n\(ScheduleWorld.hourly)")
      let job = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load]}}")
      try await world.tick(load, job)
      world.runner.expect(.fails)
      try await world.tick(at: 1, load)
      var request = load.request
      request.parameters = ["m": "b"]
      _ = try await world.runner.run(request, matrixRowName: "")
      try await world.tick(load, job)
      #expect(try await world.ledger("report") == ["1.0 upstream_failed"])
      let holes = try await world.holes(of: load)
      #expect(holes.map(\.interval.start) == [ScheduleWorld.start])
      let plan = try await BackfillPlan(
        load.request, row: "", range: ScheduleWorld.start..<ScheduleWorld.hours(1), only: .missing,
        store: world.store, now: world.clock.now, zones: .system)
      #expect(plan.items.map(\.isAgain) == [false])
    }
  }

  /// However the job spells its default and somebody the value, the interval is made.
  @Test func aSuccessWithTheSameValueSpeltOtherwiseFillsTheHole() async throws {
    try await withScheduleWorld { world in
      let load = try world.job(
        "load", "params: {k: {type: integer, default: \"01\"}}\n\(ScheduleWorld.hourly)")
      let job = try world.job("report", "schedule: {cron: \"0 * * * *\", after: {jobs: [load]}}")
      try await world.tick(load, job)
      world.clock.set(1)
      try await world.enterDue(load)
      var request = load.request
      request.parameters = ["k": "1"]
      _ = try await world.runner.run(request, matrixRowName: "")
      try await world.tick(job, knowing: [load])
      #expect(try await world.ledger("report") == ["1.0 ran"])
      #expect(try await world.ledger("load") == ["1.0 ran"])
      #expect(try await world.holes(of: load).isEmpty)
    }
  }

  /// Fires that ask for the same are told to be; what no job takes is left to the run to refuse.
  @Test func whatATriggerGivesIsReadAsItsType() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(
        "load",
        """
        params: {k: {type: integer, default: 1}, at: {type: timestamptz, default: 2026-01-01}}
        \(ScheduleWorld.hourly)
        """)
      #expect(job.clockParameters == ["k": "1", "at": "2026-01-01 00:00:00+00"])
      #expect(job.parameterTexts(given: ["k": "007"]) == ["k": "7"])
      #expect(
        job.parameterTexts(given: ["at": "2026-03-01T01:00:00+01:00"]) == ["at": "2026-03-01 00:00:00+00"])
      #expect(job.parameterTexts(given: ["k": "x"]) == ["k": "x"])
      #expect(job.parameterTexts(given: ["other": "01"]) == ["other": "01"])
    }
  }

  /// A run that was begun before values were told from their spelling.
  @Test func aRunOfAnOlderVersionIsGoneOnWithByItsFire() async throws {
    try await withScheduleWorld { world in
      let load = try world.job(
        "load", "params: {k: {type: integer, default: \"01\"}}\n\(ScheduleWorld.hourly)")
      try await world.tick(load)
      world.clock.set(1)
      try await world.enterDue(load)
      let identity = RunIdentity(
        project: "shop", job: load.id.job, matrixRow: "", interval: ScheduleWorld.range(0, 1),
        parameters: ["k": "01"])
      let fire = FireKey(project: "shop", job: load.id.job, matrixRow: "", fire: ScheduleWorld.hours(1))
      guard
        case .created(let begun) = try await world.store.openRun(
          NewRun(identity: identity, jobHash: load.request.jobHash, pool: nil, again: false, fire: fire))
      else {
        Issue.record("there is such a run")
        return
      }
      try await world.tick(load)
      #expect(Set(world.runner.resumed) == [begun.id])
    }
  }
}
