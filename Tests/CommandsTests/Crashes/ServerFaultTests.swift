import DemoServer
import Glibc
import Model
import Postgres
import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// What servers do to a run: end its connections, crash, refuse, time out.
  @Suite(.timeLimit(.minutes(30))) struct ServerFaultTests {
    static let places = [
      "plan.saved:1", "snapshot.taken:1", "chunk.middle:3", "chunk.read:5", "merge.middle:2",
      "publish.started:1", "publish.middle:1", "commit.answered:6", "publish.marked:1",
    ]

    /// Lets the run go on and, where it gave up, run once more.
    private func goOn(_ process: ChildProcess, _ world: CrashWorld, _ output: String, _ comment: String)
      async throws
    {
      process.signal(SIGCONT)
      let first = try await world.project.end(of: process, output: output)
      if first.status != 0 {
        #expect(first.status == 6 || first.status == 1, "\(comment): \(first.output)")
        let second = try await world.run()
        #expect(second.status == 0, "\(comment): \(second.output)")
      }
      try await world.expectUndisturbed(notices: false, comment)
    }

    /// Each of a run's connections is ended alone, and all at once: source, target and state.
    @Test(arguments: CrashWorld.StateKind.allCases)
    func terminated(_ state: CrashWorld.StateKind) async throws {
      try await terminate(state, at: Self.places)
    }

    func terminate(_ state: CrashWorld.StateKind, at places: [String]) async throws {
      try await CrashWorld.each(of: places, state) { world, place in
        var victim = 0
        while true {
          let output = try world.project.newOutput()
          guard let process = try await world.stopped(at: place, output: output) else { break }
          let sessions = try await world.project.rows(
            "SELECT pid::text FROM pg_stat_activity WHERE application_name LIKE 'tidemark %' AND datname = current_database() ORDER BY backend_start, pid"
          ).map { $0[0] }
          let chosen = victim < sessions.count ? [sessions[victim]] : sessions
          for session in chosen { try await world.project.sql("SELECT pg_terminate_backend(\(session))") }
          FaultCount.add("pg_terminate_backend on a connection, \(state) state", chosen.count)
          try await goOn(process, world, output, "\(place), session \(victim) of \(sessions.count)")
          if victim >= sessions.count { break }
          // The first, the last and all are enough where there are many.
          victim = victim == 0 ? max(1, sessions.count - 1) : victim + 1
          try await world.reset()
        }
      }
    }

    /// A backend that is killed takes the whole server down to a restart with crash recovery, as
    /// `pg_ctl restart -m immediate` does.
    @Test func restarted() async throws {
      await Lanes.work(through: CrashWorld.StateKind.allCases) { states in
        guard let state = states.next() else { return }
        try await OwnServers.with { servers in
          try await CrashWorld.with(state, on: servers[0]) { world in
            for place in Self.places {
              let output = try world.project.newOutput()
              let process = try #require(try await world.stopped(at: place, output: output), "\(place)")
              let session = try await world.project.rows(
                "SELECT pid::text FROM pg_stat_activity WHERE application_name LIKE 'tidemark %' LIMIT 1")
              let pid = try #require(session.first.flatMap { Int32($0[0]) }, "\(place)")
              #expect(try await ServerSession.kill(pid))
              FaultCount.add("server crashed and recovered, \(state) state")
              try await becomesReady(world)
              try await goOn(process, world, output, "\(place)")
              try await world.reset()
            }
          }
        }
      }
    }

    private func becomesReady(_ world: CrashWorld) async throws {
      try await Patience.until("the server has ended all sessions") {
        do {
          return try await world.project.rows(
            "SELECT count(*)::text FROM pg_stat_activity WHERE application_name LIKE 'tidemark %'") == [["0"]]
        } catch let fault as Fault where fault.isTransient {
          return false
        }
      }
    }

    /// What a statement of the publish may meet once: transient ones are tried again, others end the run.
    @Test func failingOnce() async throws {
      let states = [
        ("40001", true), ("40P01", true), ("55P03", true), ("53200", true), ("53300", true), ("57P01", true),
        ("57P03", true), ("58000", true), ("XX000", false), ("23505", false), ("22012", false),
        ("42501", false),
      ]
      try await CrashWorld.each(of: states) { world, kind in
        let (state, isTransient) = kind
        try await world.project.sql(
          "CREATE SEQUENCE tries",
          """
          CREATE FUNCTION fail_once() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('tries') = 1 THEN RAISE EXCEPTION 'asked for' USING ERRCODE = '\(state)'; END IF;
          END $$
          """)
        try world.project.write(
          "jobs/crash.yaml",
          CrashScenario.groups.job.replacing(
            "after_publish:", with: "before_publish: SELECT public.fail_once()\n      after_publish:"))
        let run = try await world.run()
        FaultCount.add("error of the server, by SQLSTATE")
        #expect((run.status == 0) == isTransient, "\(run.output)")
        #expect(run.output.contains("publish_retried") == isTransient, "\(run.output)")
        if !isTransient {
          let second = try await world.run()
          #expect(second.status == 0, "\(second.output)")
        }
        try await world.expectUndisturbed(notices: isTransient, state)
      }
    }

    /// What a statement of the state may meet once: it is done again, and nobody notices; or the run says what
    /// was in the way, and goes on when it is asked to.
    @Test(arguments: ["chunks", "runs", "sinks", "events"])
    func stateFailingOnce(_ table: String) async throws {
      try await CrashWorld.each(of: ["40001", "40P01", "55P03", "57P01", "53200"], .postgres) { world, code in
        let first = try await world.run("plan.saved:1:kill")
        try #require(first.wasKilled)
        try await world.project.sql(
          "CREATE SEQUENCE tries",
          """
          CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('public.tries') = 2 THEN RAISE EXCEPTION 'asked for' USING ERRCODE = '\(code)'; END IF;
            RETURN NEW;
          END $$
          """,
          "CREATE TRIGGER fail_once BEFORE INSERT OR UPDATE ON tidemark_state.\(table) FOR EACH ROW EXECUTE FUNCTION public.fail_once()"
        )
        let run = try await world.run()
        FaultCount.add("error of the state's server, by SQLSTATE")
        let isRepeated = ["40001", "40P01", "57P01"].contains(code)
        #expect(run.status == 0 || !isRepeated, "\(run.output)")
        if run.status != 0 {
          #expect(run.output.contains("asked for"), "\(run.output)")
          let second = try await world.run()
          #expect(second.status == 0, "\(second.output)")
        }
        #expect(try await world.project.rows("SELECT last_value > 2 FROM tries") == [["t"]])
        try await world.expectUndisturbed(notices: isRepeated, "\(code) of \(table)")
      }
    }

    /// What a statement of the source may meet: the chunk is read again until it is over.
    @Test func sourceFailing() async throws {
      try await CrashWorld.each(of: ["40001", "40P01", "53200", "57P01", "58030"]) { world, code in
        try await world.project.sql(
          """
          CREATE FUNCTION unlucky(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN
            IF id = 150 AND NOT pg_try_advisory_xact_lock_shared(4713) THEN
              RAISE EXCEPTION 'asked for' USING ERRCODE = '\(code)';
            END IF;
            RETURN id;
          END $$
          """)
        try world.project.write(
          "jobs/crash.yaml",
          CrashScenario.groups.job.replacing(
            "table: events", with: "table: events\n  add_columns: {x: public.unlucky(id)}"
          )
          .replacing("expect: qty > 0", with: "expect: qty > 0 AND x > 0"))
        let holder = try await Connection.open(world.project.settings)
        try await holder.query("SELECT pg_advisory_lock(4713)")
        let output = world.project.path("said")
        let process = try world.project.start(
          CrashWorld.command, environment: CrashWorld.environment, output: output)
        func said() throws -> String { String(decoding: try world.project.read("said") ?? [], as: UTF8.self) }
        try await Patience.until("the chunk is read again") {
          try process.exit != nil || said().contains("chunk_retried")
        }
        await holder.close()
        let run = try await world.project.end(of: process, output: output)
        FaultCount.add("error of the source's server, by SQLSTATE")
        #expect(run.status == 0 && run.output.contains("chunk_retried"), "\(run.output)")
        let rows = try await world.project.rows(CrashScenario.groups.queries[0])
        #expect(rows == Array(try await CrashWorld.undisturbed().tables.prefix(rows.count)))
      }
    }

    /// A lock that somebody holds on the source or the target: the run waits, says so, and goes on.
    @Test(arguments: [("events", "run_waiting"), ("told", "publish_retried")])
    func lockedTables(_ table: String, _ event: String) async throws {
      try await CrashWorld.with { world in
        try world.project.write(
          "jobs/crash.yaml",
          CrashScenario.groups.job.replacing("limits: {", with: "limits: {lock_timeout: 20ms, "))
        let holder = try await Connection.open(world.project.settings)
        try await holder.execute("BEGIN; LOCK TABLE \(Identifier(table)) IN ACCESS EXCLUSIVE MODE")
        let output = world.project.path("said")
        let process = try world.project.start(
          CrashWorld.command, environment: CrashWorld.environment, output: output)
        func said() throws -> String { String(decoding: try world.project.read("said") ?? [], as: UTF8.self) }
        try await Patience.until("the run waits") {
          try process.exit != nil || said().contains("retried") || said().contains(event)
        }
        FaultCount.add("lock timeout")
        try await holder.execute("ROLLBACK")
        await holder.close()
        let run = try await world.project.end(of: process, output: output)
        #expect(run.status == 0, "\(run.output)")
        try await world.expectUndisturbed()
      }
    }

    /// A role that may have fewer connections than the run needs: it says so, and goes on once it may. With fewer than
    /// its readers want, one waits for another's, which that one lets go when it is done.
    @Test func tooManyConnections() async throws {
      try await CrashWorld.with { world in
        try await world.asOrdinaryRole { role in
          try await world.project.sql("ALTER ROLE \(role) CONNECTION LIMIT 1")
          try world.project.write(
            "jobs/crash.yaml",
            CrashScenario.groups.job.replacing("max: 20ms", with: "max: 20ms, give_up_after: 100ms"))
          let first = try await world.run()
          FaultCount.add("too many connections")
          #expect(first.status == 1 && first.output.contains("too_many_connections"), "\(first.output)")
          // Who asks, who holds the snapshot, and one reader.
          try await world.project.sql("ALTER ROLE \(role) CONNECTION LIMIT 3")
          try world.project.write(
            "jobs/crash.yaml",
            CrashScenario.groups.job.replacing("max: 20ms", with: "max: 20ms, give_up_after: 20s"))
          let second = try await world.run()
          #expect(second.status == 0 && second.output.contains("chunk_retried"), "\(second.output)")
          // Nor has it given up waiting, to begin anew.
          #expect(!second.output.contains("run_waiting"), "\(second.output)")
          try await world.expectUndisturbed(notices: false)
        }
      }
    }

    /// After a permanent error, or a stop, none of the run's queries goes on.
    @Test(arguments: [false, true]) func noQueryGoesOn(_ isStopped: Bool) async throws {
      try await TidemarkProject.with { project in
        try await project.sql(
          "CREATE TABLE slow AS SELECT i AS id FROM generate_series(1, 4) AS i",
          "ALTER TABLE slow ADD PRIMARY KEY (id)", "ANALYZE slow",
          """
          CREATE FUNCTION work(id int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_advisory_xact_lock_shared(4711);
            IF id = 4 AND \(isStopped ? "false" : "true") THEN RAISE EXCEPTION 'asked for' USING ERRCODE = '22012'; END IF;
            PERFORM pg_sleep(600); RETURN id;
          END $$
          """)
        try project.write(
          "jobs/slow.yaml",
          """
          version: 1
          job: slow
          source: {connection: db, table: slow, add_columns: {x: public.work(id)}, chunk: {by: key, column: id, rows: 1}}
          aggregate: {group_by: [], measures: {n: sum(x)}}
          store: [{file: {path: slow.csv}}]
          limits: {parallelism: 4}

          """)
        let gate = try await Connection.open(project.settings)
        try await gate.query("SELECT pg_advisory_lock(4711)")
        let output = project.path("said")
        let socket = try ServiceSocket(at: project.path("notify"))
        let process = try project.start(
          ["run", "slow"], environment: ["NOTIFY_SOCKET": socket.path], output: output)
        let working =
          "SELECT count(*)::text FROM pg_stat_activity WHERE application_name LIKE 'tidemark slow %' AND datname = current_database() AND state = 'active'"
        try await Patience.until("four queries go on") {
          if process.exit != nil { return true }
          return try await Int(project.rows(working)[0][0]) ?? 0 >= 4
        }
        try await gate.query("SELECT pg_advisory_unlock(4711)")
        if isStopped {
          process.signal(SIGTERM)
          // What is in flight may take its time to be saved.
          #expect(await socket.hear("STOPPING=1")?.contains("EXTEND_TIMEOUT_USEC=60000000") == true)
        }
        let run = try await project.end(of: process, output: output)
        FaultCount.add(isStopped ? "SIGTERM" : "permanent error among parallel queries")
        #expect(run.status == (isStopped ? 7 : 1), "\(run.output)")
        try await Patience.until("for the end of its queries") {
          try await project.rows(working) == [["0"]]
        }
        await gate.close()
      }
    }
  }
}
