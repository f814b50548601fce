import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// How long a run bears with its servers' trouble, of which `give_up_after` tells.
  @Suite(.timeLimit(.minutes(5))) struct TroubleTests {
    private static func job(_ source: String, _ limits: String) -> String {
      """
      version: 1
      job: patient
      source: {connection: db, table: readings, chunk: {by: key, column: id, rows: 10}\(source)}
      aggregate: {group_by: [], measures: {c: count(*), s: sum(n)}}
      store: [{table: {connection: db, name: result, mode: replace, create: true}}]
      errors: {retry: {initial: 10ms, max: 20ms, give_up_after: 300ms}}
      limits: {parallelism: 1\(limits)}

      """
    }

    /// Runs the job, and has its sessions ended each time that it has said something once more.
    /// - Parameter then: done behind the last of them.
    private func run(
      _ project: TidemarkProject, endingSessionsAt told: [String], then command: String? = nil
    ) async throws -> ProgramRun {
      let output = try project.newOutput()
      let process = try project.start(["run", "patient"], environment: [:], output: output)
      for text in told {
        try await Patience.until("the run says `\(text)`") {
          try process.exit != nil || project.lastSaid(1).contains(text)
        }
        try await project.sql(
          "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tidemark patient %'"
        )
        FaultCount.add("all sessions of a run ended, one time after another")
      }
      if let command { try await project.sql(command) }
      return try await project.end(of: process, output: output)
    }

    /// Behind a chunk that was finished the next trouble is a new one: the second comes later than `give_up_after`, as
    /// the rows are held back for longer.
    @Test func aSecondTimeBehindFinishedChunks() async throws {
      try await TidemarkProject.with { project in
        try await project.sql(
          "CREATE TABLE readings AS SELECT i AS id, i AS n FROM generate_series(1, 50) AS i",
          "ALTER TABLE readings ADD PRIMARY KEY (id)", "ANALYZE readings")
        try project.write("jobs/patient.yaml", Self.job("", ", max_rows_per_second: 15"))
        let run = try await run(project, endingSessionsAt: [" chunk=0 read=", " chunk=2 read="])
        #expect(run.status == 0, "\(run.output)")
        #expect(run.output.ranges(of: "trying again").count >= 2, "\(run.output)")
        #expect(try await project.rows("SELECT c::text, s::text FROM result") == [["50", "1275"]])
      }
    }

    /// A server that cannot be asked is waited for as long as one that is not ready, whatever `give_up_after` says.
    @Test func noLongerThanItsSourceIsWaitedFor() async throws {
      try await TidemarkProject.with { project in
        try await project.sql(
          "CREATE TABLE readings AS SELECT 1 AS id, 1 AS n",
          "CREATE FUNCTION ends() RETURNS boolean LANGUAGE sql AS 'SELECT pg_terminate_backend(pg_backend_pid())'"
        )
        try project.write(
          "jobs/patient.yaml",
          Self.job(", wait_for: {query: \"SELECT public.ends()\", within: 1s}", "").replacing(
            "{initial: 10ms, max: 20ms, give_up_after: 300ms}",
            with: "{initial: 1h, max: 1h, give_up_after: 2h}"))
        let run = try await project.run(["run", "patient"])
        #expect(run.status == 1 && run.output.contains("error[not_ready]"), "\(run.output)")
        #expect(run.output.contains("cause: The server ended the connection"), "\(run.output)")
      }
    }

    /// What takes the longest is to wait for a source.
    @Test func whileItWaitsForItsSource() async throws {
      try await TidemarkProject.with { project in
        try await project.sql(
          "CREATE TABLE readings AS SELECT 1 AS id, 1 AS n", "CREATE TABLE loads (at timestamptz)")
        try project.write(
          "jobs/patient.yaml",
          Self.job(
            ", wait_for: {query: \"SELECT count(*) > 0 FROM public.loads\", within: 1m}", ""))
        let run = try await run(
          project, endingSessionsAt: ["waiting until"], then: "INSERT INTO loads VALUES (clock_timestamp())")
        #expect(run.status == 0, "\(run.output)")
        #expect(try await project.rows("SELECT c::text, s::text FROM result") == [["1", "1"]])
      }
    }
  }
}
