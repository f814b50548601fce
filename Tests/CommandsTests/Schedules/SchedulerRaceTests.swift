import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// Several scheduler processes on one Postgres state, killed with -9 while they work.
@Suite(.timeLimit(.minutes(8))) struct SchedulerRaceTests {
  private static let jobs = ["a", "b", "c", "d"]
  private static let kills = 15

  private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try project.write(
        "tidemark.yaml", project.file(TidemarkProject.stateLine(project.database)))
      for job in jobs {
        try project.write(
          "jobs/\(job).yaml",
          """
          version: 1
          schedule: {cron: "* * * * * *", catch_up: all, if_running: queue_all}
          source: {connection: db, query: "SELECT 1 AS n", chunk: {by: none}}
          aggregate: {group_by: [n], measures: {rows: count(*)}}
          store: [{table: {connection: db, name: seen_\(job), mode: append, create: true}}]
          errors: {retry: {initial: 10ms, max: 100ms}}

          """)
      }
      try await body(project)
    }
  }

  /// Owners die often here, and nobody waits long for their leases.
  private static let environment = ["TIDEMARK_LEASE_MS": "1500"]

  private static func closed(_ project: TidemarkProject) async throws -> Int {
    let rows = try await project.rows(
      "SELECT count(*) FROM tidemark_state.fires WHERE outcome NOT IN ('pending', 'claimed')")
    return Int(rows[0][0]) ?? 0
  }

  @Test func eachFireHasExactlyOneOutcomeThoughSchedulersAreKilled() async throws {
    try await Self.with { project in
      var schedulers = [try RunningScheduler(project, environment: Self.environment)]
      #expect(try await schedulers[0].says("scheduler_started"))
      for _ in 0..<2 { schedulers.append(try RunningScheduler(project, environment: Self.environment)) }
      for kill in 0..<Self.kills {
        // One after the other is killed, whatever it is doing when so many more fires are over.
        let goal = try await Self.closed(project) + 3 + kill % 4
        while try await Self.closed(project) < goal {
          try #require(schedulers.contains { $0.process.exit == nil })
          try Task.checkCancellation()
        }
        try await schedulers[kill % 3].kill()
        schedulers[kill % 3] = try RunningScheduler(project, environment: Self.environment)
      }
      for scheduler in schedulers { #expect(try await scheduler.stop().status == 0) }
      // What they have left open is worked off; those who were killed last still hold their runs a moment.
      repeat {
        let tick = try await project.run(
          ["tick", "--parallel", "4", "--quiet"], environment: Self.environment)
        try #require([0, 8].contains(tick.status), "\(tick.output)")
      } while try await !project.rows(
        "SELECT 1 FROM tidemark_state.fires WHERE outcome = 'claimed' LIMIT 1"
      ).isEmpty

      let fires = try await project.rows(
        """
        SELECT count(*), count(DISTINCT (job, fire)), count(*) FILTER (WHERE outcome IN ('ran', 'caught_up'))
        FROM tidemark_state.fires
        """)[0]
      print("\(Self.kills) schedulers killed over \(fires[0]) fires")
      #expect(fires[0] == fires[1] && fires[0] == fires[2], "\(fires)")
      // No second is missing between the first and the last.
      let gaps = try await project.rows(
        """
        SELECT job FROM tidemark_state.fires GROUP BY job
        HAVING (max(fire) - min(fire)) / 1000000 + 1 <> count(*)
        """)
      #expect(gaps.isEmpty, "\(gaps)")
      // Each run has published once, and each fire has a run of its own.
      for job in Self.jobs {
        let counts = try await project.rows(
          """
          SELECT (SELECT count(*) FROM tidemark_state.fires WHERE job = '\(job)'),
            (SELECT count(DISTINCT run_id) FROM tidemark_state.fires WHERE job = '\(job)'),
            (SELECT count(*) FROM seen_\(job)), (SELECT count(DISTINCT _run_id) FROM seen_\(job))
          """)[0]
        #expect(Set(counts).count == 1, "\(job) \(counts)")
      }
    }
  }

  /// The first dies in the middle of its run; nobody does anything by hand.
  @Test func anotherTakesOver() async throws {
    try await Self.with { project in
      let first = try RunningScheduler(
        project,
        environment: Self.environment.merging(["TIDEMARK_FAILPOINT": "state.checkpoint.before_commit:1:kill"])
        { $1 }
      )
      #expect(try await first.says("fire_started"))
      let waiting = try RunningScheduler(project, environment: Self.environment)
      while first.process.exit == nil {
        try Task.checkCancellation()
        await Task.yield()
      }
      #expect(first.process.exit == .signal(SIGKILL))
      while try await project.rows(
        """
        SELECT 1 FROM tidemark_state.runs AS r WHERE state = 'succeeded'
          AND (SELECT count(*) FROM tidemark_state.attempts AS a WHERE a.run_id = r.run_id) = 2
        """
      ).isEmpty {
        try #require(waiting.process.exit == nil)
        try Task.checkCancellation()
      }
      let seconds = try await project.rows(
        """
        SELECT (max(started_at) - min(started_at)) / 1000000.0 FROM tidemark_state.attempts
        GROUP BY run_id HAVING count(*) = 2
        """)[0][0]
      print("a run was taken over \(seconds) s after it had begun, with a lease of 1.5 s")
      #expect(try await waiting.stop().status == 0)
    }
  }
}
