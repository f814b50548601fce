import Glibc
import Model
import Postgres
import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// Tables that somebody alters while a run is at work: what it has found out about them is asked again behind the locks
  /// that keep them so, and nobody waits for a run that waits itself.
  @Suite(.timeLimit(.minutes(10))) struct AlteredTableTests {
    private static let job = """
      version: 1
      job: altered
      source: {connection: db, table: readings, chunk: {by: key, column: id, rows: 10}}
      aggregate: {group_by: [kind], measures: {c: count(*), s: sum(n), last: max(at)}}
      store: [{table: {connection: db, name: result, mode: replace, create: true}}]
      errors: {retry: {initial: 10ms, max: 20ms, give_up_after: 3s}}
      limits: {parallelism: 2}

      """

    private static let command = ["run", "altered"]

    /// With a timestamp among the columns rows come in binary form, where a number of 8 bytes is like another.
    private static func with(_ body: (TidemarkProject) async throws -> Void) async throws {
      try await TidemarkProject.with { project in
        try await project.sql(
          """
          CREATE TABLE readings AS SELECT i AS id, i::bigint AS n, 'a'::text AS kind,
            TIMESTAMPTZ '2026-03-14 00:00+00' AS at FROM generate_series(1, 50) AS i
          """, "ALTER TABLE readings ADD PRIMARY KEY (id)", "ANALYZE readings")
        try project.write("jobs/altered.yaml", job)
        try await body(project)
      }
    }

    /// Has a run stand still at a place while `body` goes on, and then go on itself.
    private func run(
      _ project: TidemarkProject, stoppedAt place: String, _ body: () async throws -> Void
    ) async throws -> ProgramRun {
      let output = try project.newOutput()
      let process = try project.start(
        Self.command, environment: ["TIDEMARK_FAILPOINT": place + ":stop"], output: output)
      try await Patience.until("the run stands still at \(place)") {
        process.exit != nil || process.standsStill
      }
      try #require(process.exit == nil, "\(place) was not reached")
      do {
        try await body()
      } catch {
        process.signal(SIGKILL)
        throw error
      }
      process.signal(SIGCONT)
      return try await project.end(of: process, output: output)
    }

    private func result(_ project: TidemarkProject) async throws -> [[String]] {
      try await project.rows("SELECT c::text, s::numeric::text FROM result")
    }

    @Test(arguments: ["plan.saved:1", "target.prepared:1"])
    func aSourceBeforeItsSnapshot(_ place: String) async throws {
      try await Self.with { project in
        let run = try await run(project, stoppedAt: place) {
          try await project.sql("ALTER TABLE readings ALTER n TYPE double precision")
        }
        #expect(run.status == 0 && run.output.contains("planning anew"), "\(run.output)")
        #expect(try await result(project) == [["50", "1275"]])
      }
    }

    /// What was read before the snapshot was lost is of other types than what comes now.
    @Test func aSourceBetweenSnapshots() async throws {
      try await Self.with { project in
        let run = try await run(project, stoppedAt: "chunk.read:3") {
          try await project.sql(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'tidemark altered %'",
            "ALTER TABLE readings ALTER n TYPE double precision")
        }
        #expect(run.status == 0 && run.output.contains("planning anew"), "\(run.output)")
        #expect(try await result(project) == [["50", "1275"]])
      }
    }

    @Test func aTargetWhileItsRowsAreRead() async throws {
      try await Self.with { project in
        try await project.sql("CREATE TABLE result (kind text, c bigint, s numeric, last timestamptz)")
        let first = try await run(project, stoppedAt: "read.done:1") {
          try await project.sql("ALTER TABLE result ALTER c TYPE double precision")
        }
        #expect(first.status == 3 && first.output.contains("target_misfit"), "\(first.output)")
        #expect(try await result(project) == [])
        try await project.sql("ALTER TABLE result ALTER c TYPE bigint")
        let second = try await run(project, stoppedAt: "read.done:1") {
          try await project.sql("ALTER TABLE result ALTER c TYPE numeric(9, 1)")
        }
        #expect(second.status == 0, "\(second.output)")
        #expect(try await result(project) == [["50.0", "1275"]])
      }
    }

    /// The change comes between the snapshot and the readers: it waits for the former, and the latter for it.
    @Test func aChangeAheadOfTheReaders() async throws {
      try await Self.with { project in
        let changer = try await Connection.open(project.settings)
        var change: Task<Int, any Error>?
        let run = try await run(project, stoppedAt: "snapshot.taken:1") {
          change = Task { try await changer.execute("ALTER TABLE readings ADD COLUMN more int") }
          try await Patience.until("the change waits") {
            try await !project.rows(
              "SELECT 1::text FROM pg_locks WHERE NOT granted AND relation = 'readings'::regclass"
            ).isEmpty
          }
        }
        _ = try await change?.value
        await changer.close()
        #expect(run.status == 0 && run.output.contains("schema change"), "\(run.output)")
        // Nobody has tried to join the snapshot again while the change waited for it.
        #expect(!run.output.contains("chunk_retried"), "\(run.output)")
        #expect(try await result(project) == [["50", "1275"]])
      }
    }

    /// A partition that comes between the plan and the reading is read, whether the run was stopped there or has died.
    @Test(arguments: [false, true]) func aNewPartition(_ isKilled: Bool) async throws {
      try await Self.with { project in
        try project.write(
          "jobs/altered.yaml", Self.job.replacing("by: key, column: id, rows: 10", with: "by: partition"))
        try await project.sql(
          "DROP TABLE readings",
          "CREATE TABLE readings (id int, n bigint, kind text, at timestamptz) PARTITION BY RANGE (id)",
          "CREATE TABLE low PARTITION OF readings FOR VALUES FROM (0) TO (10)",
          "CREATE TABLE middle PARTITION OF readings FOR VALUES FROM (10) TO (20)",
          "INSERT INTO readings SELECT i, i, 'a' FROM generate_series(1, 19) AS i", "ANALYZE readings")
        func attach() async throws {
          try await project.sql(
            "CREATE TABLE high AS SELECT i AS id, i::bigint AS n, 'a'::text AS kind, NULL::timestamptz AS at FROM generate_series(20, 50) AS i",
            "ALTER TABLE readings ATTACH PARTITION high FOR VALUES FROM (20) TO (100)")
        }
        var last: ProgramRun
        if isKilled {
          let first = try await project.run(Self.command, failpoint: "chunk.read:2:kill")
          #expect(first.wasKilled, "\(first.output)")
          try await attach()
          last = try await project.run(Self.command)
        } else {
          last = try await run(project, stoppedAt: "plan.saved:1", attach)
        }
        #expect(last.status == 0 && last.output.contains("run_superseded"), "\(last.output)")
        #expect(try await result(project) == [["50", "1275"]])
      }
    }

    /// A state that gives back other bytes than it was given ends the run: it would be read again for ever.
    @Test func aStateThatDamagesEverything() async throws {
      try await CrashWorld.with(.postgres) { world in
        let layout = try await world.project.run(["state", "migrate"])
        #expect(layout.status == 0, "\(layout.output)")
        try await world.project.sql(
          """
          CREATE FUNCTION flip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.kind = 'partial' THEN
              NEW.frame = set_byte(NEW.frame, length(NEW.frame) - 1, 255 - get_byte(NEW.frame, length(NEW.frame) - 1));
            END IF;
            RETURN NEW;
          END $$
          """,
          "CREATE TRIGGER flip BEFORE INSERT ON tidemark_state.blocks FOR EACH ROW EXECUTE FUNCTION flip()")
        let run = try await world.run()
        #expect(
          run.status == 1 && run.output.contains("damaged_block") && run.output.contains("damaged again"),
          "\(run.output)")
        try await world.project.sql("DROP TRIGGER flip ON tidemark_state.blocks")
        let second = try await world.run()
        #expect(second.status == 0, "\(second.output)")
        try await world.expectUndisturbed(notices: false)
      }
    }
  }
}
