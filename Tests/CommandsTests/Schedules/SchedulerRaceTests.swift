import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// Several scheduler processes on one Postgres state, killed with -9 while they work.
@Suite(.timeLimit(.minutes(8))) struct SchedulerRaceTests {
  private static let jobs = ["a", "b", "c", "d"]
  private static let kills = 15
  /// Of each job; some are past when the schedulers begin, the others come while they are killed.
  private static let fires = 40

  private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { project in
      try project.write(
        "tidemark.yaml", project.file(TidemarkProject.stateLine(project.database)))
      // So many and no more: however slow the machine is, they come to an end.
      let first = SystemClock.now.advanced(by: .seconds(-25))
      let times = (0..<Self.fires).map { "\"\(first.advanced(by: .seconds($0)).text())\"" }
      for job in jobs {
        try project.write(
          "jobs/\(job).yaml",
          """
          version: 1
          schedule: {at: [\(times.joined(separator: ", "))], catch_up: all, if_running: queue_all}
          source: {connection: db, query: "SELECT 1 AS n", chunk: {by: none}}
          aggregate: {group_by: [n], measures: {rows: count(*)}}
          store: [{table: {connection: db, name: seen_\(job), mode: append, create: true}}]
          errors: {retry: {initial: 10ms, max: 100ms}}

          """)
      }
      // The jobs have been there for an hour.
      let tick = try await project.run(["tick"], environment: ["TIDEMARK_CLOCK_OFFSET": "-3600"])
      try #require(tick.status == 0, "\(tick.output)")
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
      let all = Self.jobs.count * Self.fires
      var schedulers: [RunningScheduler] = []
      for _ in 0..<3 { schedulers.append(try RunningScheduler(project, environment: Self.environment)) }
      for kill in 0..<Self.kills {
        // One after the other is killed, whatever it is doing when so many more fires are over.
        let goal = min(try await Self.closed(project) + 3 + kill % 4, all)
        try await Patience.until(
          "\(goal) fires are over", said: { try schedulers.map { try $0.log }.joined() }
        ) {
          try #require(schedulers.contains { $0.process.exit == nil })
          return try await Self.closed(project) >= goal
        }
        try await schedulers[kill % 3].kill()
        schedulers[kill % 3] = try RunningScheduler(project, environment: Self.environment)
      }
      for scheduler in schedulers { try await scheduler.stop() }
      // What they have left open is worked off; those who were killed last still hold their runs a moment.
      try await Patience.until("all \(all) fires are over") {
        let tick = try await project.run(
          ["tick", "--parallel", "4", "--quiet"], environment: Self.environment)
        try #require([0, 8].contains(tick.status), "\(tick.exit) \(tick.output)")
        return try await Self.closed(project) == all
      }

      let fires = try await project.rows(
        """
        SELECT count(*), count(DISTINCT (job, fire)), count(*) FILTER (WHERE outcome IN ('ran', 'caught_up'))
        FROM tidemark_state.fires
        """)[0]
      print("\(Self.kills) schedulers killed over \(fires[0]) fires")
      #expect(fires == ["\(all)", "\(all)", "\(all)"])
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
      #expect(try await first.end().exit == .signal(SIGKILL))
      try await Patience.until("the run is gone on with", said: { try waiting.log }) {
        try #require(waiting.process.exit == nil)
        return try await !project.rows(
          """
          SELECT 1 FROM tidemark_state.runs AS r WHERE state = 'succeeded'
            AND (SELECT count(*) FROM tidemark_state.attempts AS a WHERE a.run_id = r.run_id) > 1
          """
        ).isEmpty
      }
      let seconds = try await project.rows(
        """
        SELECT (max(started_at) - min(started_at)) / 1000000.0 FROM tidemark_state.attempts
        GROUP BY run_id HAVING count(*) > 1
        """)[0][0]
      print("a run was taken over \(seconds) s after it had begun, with a lease of 1.5 s")
      try await waiting.stop()
    }
  }
}
