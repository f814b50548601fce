import DemoServer
import Glibc
import Model
import Postgres
import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// Sources that are not a primary of one's own: a hot standby, a pool by the transaction.
  @Suite(.timeLimit(.minutes(5))) struct SourceServerTests {
    /// A standby that follows by streaming, and its primary with the crash job's database.
    private func withStandby(_ body: (DemoServer, CrashWorld) async throws -> Void) async throws {
      try await OwnServers.with { primaries in
        try await CrashWorld.with(on: primaries[0]) { world in
          try await OwnServers.with(primary: primaries[0]) { try await body($0[0], world) }
        }
      }
    }

    /// Reads from the standby, publishes into its primary; neither publishes to it nor keeps the state there.
    @Test func hotStandby() async throws {
      try await withStandby { standby, world in
        try await read(from: standby, world)
        try await world.reset()
        try await refuse(to: standby, world)
      }
    }

    /// Who publishes to a standby, or keeps the state there, is told that it is one.
    private func refuse(to standby: DemoServer, _ world: CrashWorld) async throws {
      try await caughtUp(standby, world)
      let (primary, standby) = (world.project.database, standby.connectionString())
      for (target, state) in [(standby, primary), (primary, standby)] {
        try world.connect(source: primary, target: target, state: state)
        let refused = try await world.run()
        FaultCount.add("standby to write to")
        #expect(
          refused.status == 3 && refused.output.contains("error[read_only_server]"), "\(refused.output)")
        #expect(!refused.output.contains("chunk_done"), "\(refused.output)")
      }
    }

    /// A standby that replays no more is noticed although the server's own figure stands still with it: reading
    /// pauses, and goes on when the standby does.
    @Test func stuckStandby() async throws {
      try await withStandby { standby, world in
        try await caughtUp(standby, world)
        let connection = try await Connection.open(standby.settings())
        try await connection.query("SELECT pg_wal_replay_pause()")
        try await Patience.until("the standby replays no more") {
          try await connection.query("SELECT pg_get_wal_replay_pause_state()").onlyRow[0] == "paused"
        }
        try await world.project.sql("CREATE TABLE more AS SELECT generate_series(1, 1000) AS i")
        try world.project.write(
          "jobs/crash.yaml",
          CrashScenario.groups.job.replacing(
            "limits: {", with: "limits: {max_replication_lag: 500ms, max_rows_per_second: 60, "))
        let output = world.project.path("said")
        let process = try world.project.start(
          CrashWorld.command, environment: CrashWorld.environment, output: output)
        func said() throws -> String { String(decoding: try world.project.read("said") ?? [], as: UTF8.self) }
        try await Patience.until("the run says what it waits for") {
          try process.exit != nil || said().contains("s behind, more than")
        }
        FaultCount.add("standby that replays no more")
        let text = try said()
        #expect(process.exit == nil, "\(text)")
        try await connection.query("SELECT pg_wal_replay_resume()")
        await connection.close()
        let run = try await world.project.end(of: process, output: output)
        #expect(run.status == 0, "\(run.output)")
        try await world.expectUndisturbed()
      }
    }

    /// A standby that has lost its primary has replayed all that has come to it, and knows nothing of what has not.
    @Test(arguments: [
      ("  wait_for: {replayed_to: \"${fire.time}\", within: 2m}\n", "", "waiting until it has replayed to"),
      ("", "max_replication_lag: 50ms, ", " behind"),
    ]) func standbyWithoutItsPrimary(source: String, limit: String, told: String) async throws {
      try await withStandby { standby, world in
        try await caughtUp(standby, world)
        let connection = try await Connection.open(standby.settings())
        func follow(_ primary: String) async throws {
          let quoted = primary.replacing("'", with: "''")
          try await connection.execute(SQLText(trusted: "ALTER SYSTEM SET primary_conninfo = '\(quoted)'"))
          try await connection.query("SELECT pg_reload_conf()")
        }
        let primary = try await connection.query("SELECT current_setting('primary_conninfo')").onlyRow[0]
        try await follow("")
        try await Patience.until("the standby has lost its primary") {
          try await connection.query("SELECT count(*) FROM pg_stat_wal_receiver").onlyRow[0] == "0"
        }
        try connect(world, to: standby, source: source, limit: limit)
        let output = world.project.path("said")
        let process = try world.project.start(
          CrashWorld.command, environment: CrashWorld.environment, output: output)
        func said() throws -> String { String(decoding: try world.project.read("said") ?? [], as: UTF8.self) }
        try await Patience.until("the run says what it waits for") {
          try process.exit != nil || said().contains(told)
        }
        FaultCount.add("standby without its primary")
        let text = try said()
        #expect(process.exit == nil && text.contains(told), "\(text)")
        try await follow(try #require(primary))
        await connection.close()
        // What is committed from now on, the standby tells of.
        try await world.project.sql("CREATE TABLE more AS SELECT 1 AS i")
        let run = try await world.project.end(of: process, output: output)
        #expect(run.status == 0, "\(run.output)")
        try await world.expectUndisturbed()
      }
    }

    /// Has the job read from the standby.
    /// - Returns: the job's text.
    @discardableResult
    private func connect(
      _ world: CrashWorld, to standby: DemoServer, source: String = "", limit: String = ""
    ) throws -> String {
      let project = world.project
      try project.write(
        "tidemark.yaml",
        project.file().replacing(
          "defaults:",
          with: "  standby: {url: \"\(standby.connectionString())\", search_path: [public]}\ndefaults:"))
      let job = CrashScenario.groups.job.replacing(
        "  connection: db\n  table: events", with: "  connection: standby\n\(source)  table: events"
      ).replacing("limits: {", with: "limits: {\(limit)")
      try project.write("jobs/crash.yaml", job)
      return job
    }

    private func read(from standby: DemoServer, _ world: CrashWorld) async throws {
      let project = world.project
      let job = try connect(world, to: standby)
      try await caughtUp(standby, world)
      let first = try await world.run("chunk.read:4:kill")
      FaultCount.add("kill -9 while reading a standby")
      try #require(first.wasKilled, "\(first.output)")
      let second = try await world.run()
      #expect(second.status == 0, "\(second.output)")
      // The third may have been on the way to its checkpoint in the other worker.
      #expect(
        ["kept=2", "kept=3"].contains { second.output.contains("\($0) recomputed=0") }, "\(second.output)")
      try await world.expectUndisturbed()
      try await world.reset()
      // The rows that a chunk has read go away on the primary, and the standby cancels whoever sees them.
      try project.write(
        "jobs/crash.yaml",
        job.replacing("  timezone", with: "timezone").replacing(
          "limits: {", with: "limits: {max_replication_lag: 1h, max_rows_per_second: 100000, "))
      let connection = try await Connection.open(standby.settings())
      try await connection.execute("ALTER SYSTEM SET max_standby_streaming_delay = 0")
      try await connection.query("SELECT pg_reload_conf()")
      await connection.close()
      let output = project.path("said")
      let process = try #require(try await world.stopped(at: "chunk.read:2", output: output))
      try await project.sql("DELETE FROM events WHERE id > 380", "VACUUM (FREEZE) events")
      try await caughtUp(standby, world)
      FaultCount.add("conflict with replay on a standby")
      process.signal(SIGCONT)
      let third = try await project.end(of: process, output: output)
      #expect(third.status == 0, "\(third.output)")
      let expected = try await project.rows(
        "SELECT sum(amount)::text FROM events WHERE qty > 0 AND at >= '2026-03-14' AND at < '2026-03-15'")
      #expect(try await project.rows("SELECT sum(total)::text FROM by_window") == expected)
    }

    /// Until the standby has replayed all that the primary has written by now.
    private func caughtUp(_ standby: DemoServer, _ world: CrashWorld) async throws {
      let end = try await world.project.rows("SELECT pg_current_wal_lsn()::text")[0][0]
      let connection = try await Connection.open(standby.settings())
      let sql = SQLText(trusted: "SELECT pg_last_wal_replay_lsn() >= '\(end)'::pg_lsn")
      try await Patience.until("the standby has caught up") {
        try await connection.query(sql).onlyRow[0] == "t"
      }
      await connection.close()
    }

    /// One connection keeps the snapshot, one the rows that are stored while they are read, and the readers share what
    /// is left of a small pool.
    @Test(.enabled(if: Pooler.isInstalled, "needs pgbouncer"), arguments: [3, 4])
    func smallPool(_ size: Int) async throws {
      try await CrashWorld.with(.sqlite, .newTable) { world in
        let database = try await world.project.rows("SELECT current_database()")[0][0]
        try await Pooler.with(SharedServer.shared(), size: size) { pooler in
          try world.project.write(
            "tidemark.yaml",
            world.project.file().replacing(
              world.project.database, with: pooler.connectionString(database: database)))
          let run = try await world.run()
          #expect(run.status == 0, "\(run.output)")
          try await world.expectUndisturbed("a pool of \(size)")
          try await world.reset()
          let killed = try await world.run("ahead.stored:1:kill")
          try #require(killed.wasKilled, "\(killed.output)")
          FaultCount.add("kill -9 behind a pooler")
          let last = try await world.run()
          #expect(last.status == 0, "\(last.output)")
          try await world.expectUndisturbed("a pool of \(size), killed")
        }
      }
    }

    /// Source and target behind pgbouncer in transaction mode; the Postgres state refuses to be there.
    @Test(.enabled(if: Pooler.isInstalled, "needs pgbouncer")) func transactionPooling() async throws {
      try await CrashWorld.with { world in
        let database = try await world.project.rows("SELECT current_database()")[0][0]
        try await Pooler.with(SharedServer.shared()) { pooler in
          let pooled = pooler.connectionString(database: database)
          try world.project.write(
            "tidemark.yaml", world.project.file().replacing("\(world.project.database)", with: pooled))
          for place in ["chunk.read:4:kill", "publish.middle:1:kill", "publish.after_commit:1:kill"] {
            let killed = try await world.run(place)
            try #require(killed.wasKilled, "\(place): \(killed.output)")
            FaultCount.add("kill -9 behind a pooler")
          }
          let last = try await world.run()
          #expect(last.status == 0, "\(last.output)")
          try await world.expectUndisturbed()
          let folder = pooler.folder.replacing("/", with: "%2F")
          let refused = try await world.project.run([
            "status", "--state", "postgresql://postgres@\(folder):\(Pooler.port)/\(database)",
          ])
          #expect(refused.status == 3 && refused.output.contains("state_behind_pooler"), "\(refused.output)")
        }
      }
    }
  }
}
