import DemoServer
import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// `tidemark scheduler` as a process: what it tells systemd, what it reads again, how it stops.
@Suite(.timeLimit(.minutes(5))) struct SchedulerProcessTests {
  private static func job(_ name: String, schedule: String, query: String = "SELECT 1 AS n") -> String {
    """
    version: 1
    job: \(name)
    schedule: \(schedule)
    source: {connection: db, query: "\(query)", chunk: {by: none}}
    aggregate: {group_by: [n], measures: {rows: count(*)}}
    store: [{table: {connection: db, name: seen_\(name), mode: append, create: true}}]

    """
  }

  private static let rare = "{cron: \"0 0 29 2 *\"}"
  private static let often = "{cron: \"* * * * * *\", catch_up: all, if_running: queue_all}"

  @Test func itTellsSystemdHowItIs() async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/a.yaml", Self.job("a", schedule: Self.rare))
      let socket = try ServiceSocket(at: project.path("notify"))
      let scheduler = try RunningScheduler(
        project, environment: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "200000"])
      #expect(await socket.hear("READY=1")?.contains("STATUS=1 jobs") == true)
      for _ in 0..<3 { #expect(await socket.hear("WATCHDOG=1") != nil) }
      scheduler.process.signal(SIGHUP)
      #expect(await socket.hear("RELOADING=1")?.contains("MONOTONIC_USEC=") == true)
      #expect(await socket.hear("READY=1") != nil)
      // Still alive after the reload.
      #expect(await socket.hear("WATCHDOG=1") != nil)
      let end = try await scheduler.stop()
      #expect(await socket.hear("STOPPING=1")?.contains("EXTEND_TIMEOUT_USEC=60000000") == true)
      #expect(end.output.contains("scheduler_stopped"), "\(end.output)")
    }
  }

  @Test func aBrokenFileKeepsItsLastGoodVersion() async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/a.yaml", Self.job("a", schedule: Self.often))
      let scheduler = try RunningScheduler(project)
      #expect(try await scheduler.says("scheduler_started jobs=1 schedules=1"))
      #expect(try await scheduler.says("outcome=ran"))
      try project.write("jobs/a.yaml", "version: 1\nshedule: x\n")
      try project.write("jobs/b.yaml", "version: 1\nshedule: x\n")
      #expect(try await scheduler.says("job_file_kept"))
      #expect(try await scheduler.says("job_file_broken"))
      // Which file, what, where and what to do.
      let line = try #require(
        try scheduler.log.split(separator: "\n").first {
          $0.contains("job_file_kept") && $0.contains("unknown_key")
        })
      #expect(line.contains("jobs/a.yaml:2:1") && line.contains("shedule") && line.contains("`schedule`"))
      let ran = try scheduler.log.ranges(of: "outcome=ran").count
      #expect(try await scheduler.says("outcome=ran", times: ran + 2))
      // What is mended is read again; what is gone is let go.
      try project.write("jobs/b.yaml", Self.job("b", schedule: Self.often))
      #expect(try await scheduler.says("job=b "))
      unlink(project.path("jobs/a.yaml"))
      #expect(try await scheduler.says("scheduler_reloaded jobs=1 schedules=1 broken=0"))
      try await scheduler.stop()
    }
  }

  /// Also where no row of the matrix comes or goes.
  @Test func aMatrixHasTheCellsOfNow() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE tenants (tenant text, rate int)", "INSERT INTO tenants VALUES ('acme', 1)")
      let matrix = "matrix: {connection: db, query: \"SELECT tenant, rate FROM tenants\"}"
      try project.write(
        "jobs/m.yaml",
        Self.job("m", schedule: "\(Self.often)\n\(matrix)", query: "SELECT ${matrix.rate} AS n"))
      let scheduler = try RunningScheduler(project)
      #expect(try await scheduler.says("outcome=ran"))
      try await project.sql("UPDATE tenants SET rate = 2")
      try await Patience.until("a run has the new cell", said: { try scheduler.log }) {
        try await !project.rows("SELECT 1 FROM seen_m WHERE n = '2'").isEmpty
      }
      try await scheduler.stop()
    }
  }

  /// A receiver that hangs holds up no stop; what it was to be told stays due.
  @Test func aStopWaitsForNoReceiver() async throws {
    try await TidemarkProject.with { project in
      let command = "[/bin/sh, -c, 'echo $$ >> \"$0\"; exec sleep 80', \"\(project.path("told"))\"]"
      let notify = "notify: [{events: [success], command: {run: \(command), timeout: 85s}}]"
      try project.write("jobs/a.yaml", Self.job("a", schedule: "\(Self.often)\n\(notify)"))
      let scheduler = try RunningScheduler(project)
      try await Patience.until("a notice is on its way", said: { try scheduler.log }) {
        try project.read("told") != nil
      }
      try await scheduler.stop()
      let told = String(decoding: try project.read("told") ?? [], as: UTF8.self).split(separator: "\n")
      #expect(!told.isEmpty && told.allSatisfy { kill(Int32($0) ?? 0, 0) != 0 }, "\(told)")
      let delivered = try await project.run(["notices", "list", "--only", "delivered"])
      #expect(delivered.output.contains("There are no notices"), "\(delivered.output)")
    }
  }

  @Test func whatRunsIsSavedAndGoneOnWith() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE patience (seconds int)", "INSERT INTO patience VALUES (300)",
        "CREATE FUNCTION linger(int) RETURNS int LANGUAGE sql AS 'SELECT 1 FROM pg_sleep($1)'")
      try project.write(
        "jobs/slow.yaml",
        Self.job(
          "slow", schedule: "{cron: \"* * * * * *\", catch_up: none, if_running: skip}",
          query: "SELECT linger(seconds) AS n FROM patience"))
      let first = try RunningScheduler(project)
      #expect(try await first.says("fire_started"))
      try await Patience.until("the query runs", said: { try first.log }) {
        try await !project.rows(
          """
          SELECT 1 FROM pg_stat_activity
          WHERE query LIKE '%linger(seconds)%' AND state = 'active' AND pid <> pg_backend_pid()
          """
        ).isEmpty
      }
      let end = try await first.stop()
      #expect(end.output.contains("scheduler_stopping"), "\(end.output)")
      // It waits no more, and nobody is left behind in the database.
      try await project.sql("UPDATE patience SET seconds = 0")
      let second = try RunningScheduler(project)
      #expect(try await second.says("outcome=ran"))
      try await second.stop()
      // It is the run that was stopped, and no other, that made the first fire.
      let show = try await project.run(["history", "slow", "--json"]).output
      #expect(show.ranges(of: "\"run\"").count >= 1, "\(show)")
    }
  }

  /// What could not be taken in when the files had changed is taken in when it can.
  @Test func aReloadThatFailsIsTriedAgain() async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/a.yaml", Self.job("a", schedule: Self.rare))
      let scheduler = try RunningScheduler(
        project, environment: ["TIDEMARK_FAILPOINT": "state.first_sighting.before_commit:2:error"])
      #expect(try await scheduler.says("scheduler_started jobs=1"))
      try project.write("jobs/b.yaml", Self.job("b", schedule: Self.often))
      #expect(try await scheduler.says("reload_failed"))
      #expect(try await scheduler.says("scheduler_reloaded jobs=2 schedules=2"))
      #expect(try await scheduler.says("job=b "))
      try await scheduler.stop()
    }
  }

  // MARK: Triggers

  private static func trigger(_ channel: String, _ connection: String) -> String {
    "{trigger: {listen: \(channel), connection: \(connection)}}"
  }

  /// The server processes of connections that listen for triggers.
  private static func listeners(_ project: TidemarkProject, _ count: Int) async throws -> [String] {
    let query = """
      SELECT pid FROM pg_stat_activity
      WHERE application_name = 'tidemark triggers' AND query LIKE 'LISTEN%' AND state = 'idle'
        AND datname = current_database()
      ORDER BY pid
      """
    try await Patience.until("\(count) connections listen") { try await project.rows(query).count == count }
    return try await project.rows(query).map { $0[0] }
  }

  @Test func twoConnectionsToOneDatabaseAreBothHeard() async throws {
    try await TidemarkProject.with { project in
      let other = "connections:\n  other: {url: \"\(project.database)\", search_path: [public]}\n"
      try project.write("tidemark.yaml", project.file().replacing("connections:\n", with: other))
      try project.write("jobs/a.yaml", Self.job("a", schedule: Self.trigger("for_a", "db")))
      try project.write("jobs/b.yaml", Self.job("b", schedule: Self.trigger("for_b", "other")))
      let scheduler = try RunningScheduler(project)
      _ = try await Self.listeners(project, 2)
      try await project.sql("NOTIFY for_a", "NOTIFY for_b")
      #expect(try await scheduler.says("outcome=ran", times: 2))
      try await scheduler.stop()
      #expect(try await project.rows("SELECT count(*) FROM seen_a, seen_b") == [["1"]])
    }
  }

  /// What could not be asked when a notification came is asked again, without another one.
  @Test func aQueryThatFailsIsAskedAgain() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE loads (at timestamptz, payload text)")
      try await project.sql("CREATE TABLE others (at timestamptz, payload text)")
      func trigger(_ channel: String, _ table: String) -> String {
        "{trigger: {listen: \(channel), connection: db, missed: \"SELECT at, payload FROM \(table)\"}}"
      }
      try project.write("jobs/a.yaml", Self.job("a", schedule: trigger("loaded", "loads")))
      try project.write("jobs/b.yaml", Self.job("b", schedule: trigger("other", "others")))
      let scheduler = try RunningScheduler(project)
      _ = try await Self.listeners(project, 1)
      try await project.sql("ALTER TABLE loads RENAME TO away", "NOTIFY loaded")
      #expect(try await scheduler.says("trigger_trouble"))
      // Nobody else waits for it.
      try await project.sql("INSERT INTO others SELECT clock_timestamp(), NULL", "NOTIFY other")
      #expect(try await scheduler.says("outcome=ran"))
      try await project.sql(
        "INSERT INTO away SELECT clock_timestamp(), NULL", "ALTER TABLE away RENAME TO loads")
      #expect(try await scheduler.says("outcome=ran", times: 2))
      try await scheduler.stop()
    }
  }

  /// Job files that change elsewhere make it miss nothing.
  @Test func aReloadLeavesListenersAlone() async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/a.yaml", Self.job("a", schedule: Self.trigger("for_a", "db")))
      let scheduler = try RunningScheduler(project)
      let listener = try await Self.listeners(project, 1)
      try project.write("jobs/b.yaml", Self.job("b", schedule: Self.rare))
      #expect(try await scheduler.says("scheduler_reloaded jobs=2"))
      try await project.sql("NOTIFY for_a")
      #expect(try await scheduler.says("outcome=ran"))
      #expect(try await Self.listeners(project, 1) == listener)
      // Where there is more or less to hear, it goes on hearing the rest.
      func hasSaid(_ statement: String) async throws {
        let query = """
          SELECT pid FROM pg_stat_activity
          WHERE query ~ '^\(statement) "?for_c' AND state = 'idle' AND datname = current_database()
          """
        try await Patience.until(statement) { try await project.rows(query) == listener.map { [$0] } }
      }
      try project.write("jobs/c.yaml", Self.job("c", schedule: Self.trigger("for_c", "db")))
      try await hasSaid("LISTEN")
      try await project.sql("NOTIFY for_a", "NOTIFY for_c")
      #expect(try await scheduler.says("outcome=ran", times: 3))
      try #require(unlink(project.path("jobs/c.yaml")) == 0)
      try await hasSaid("UNLISTEN")
      try await project.sql("NOTIFY for_a", "NOTIFY for_c")
      #expect(try await scheduler.says("outcome=ran", times: 4))
      try await scheduler.stop()
    }
  }

  /// Where sessions are shared nobody would hear anything, and the lock by which one listens would stay in the pool.
  @Test(.enabled(if: Pooler.isInstalled, "needs pgbouncer"), arguments: Pooler.Mode.allCases)
  func triggersBehindAPooler(_ mode: Pooler.Mode) async throws {
    try await TidemarkProject.with { project in
      let database = try await project.rows("SELECT current_database()")[0][0]
      try await Pooler.with(SharedServer.shared(), mode) { pooler in
        let pooled = "connections:\n  pooled: {url: \"\(pooler.connectionString(database: database))\"}\n"
        try project.write("tidemark.yaml", project.file().replacing("connections:\n", with: pooled))
        try project.write("jobs/a.yaml", Self.job("a", schedule: Self.trigger("for_a", "pooled")))
        let scheduler = try RunningScheduler(project)
        switch mode {
        case .transaction:
          #expect(try await scheduler.says("trigger_trouble"))
          let line = try #require(
            try scheduler.log.split(separator: "\n").first { $0.contains("trigger_trouble") })
          #expect(line.contains("trigger_behind_pooler") && line.contains("`pooled`"), "\(line)")
          #expect(line.contains("tidemark.yaml:") && line.contains("to the server itself"), "\(line)")
        case .session:
          _ = try await Self.listeners(project, 1)
          try await project.sql("NOTIFY for_a")
          #expect(try await scheduler.says("outcome=ran"))
        }
        try await scheduler.stop()
        if mode == .transaction {
          // The pool's sessions are there still.
          let locks = """
            SELECT l.pid FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
            WHERE l.locktype = 'advisory' AND a.datname = current_database()
            """
          #expect(try await project.rows(locks).isEmpty)
        }
      }
    }
  }

  /// Whoever does not listen, since another one does, says who that is.
  @Test func ofTwoSchedulersTheOneThatWaitsSaysForWhom() async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/a.yaml", Self.job("a", schedule: Self.trigger("for_a", "db")))
      try await RunningScheduler.with { schedulers in
        let first = try RunningScheduler(project)
        schedulers.append(first)
        let listener = try await Self.listeners(project, 1)[0]
        let second = try RunningScheduler(project)
        schedulers.append(second)
        #expect(try await second.says("trigger_waiting connection=db"))
        let line = try second.log.split(separator: "\n").first { $0.contains("trigger_waiting") }
        #expect(line?.contains("process \(listener) (tidemark triggers)") == true, "\(line ?? "")")
        try await first.stop()
        try await Patience.until("the second listens") {
          try await Self.listeners(project, 1)[0] != listener
        }
        try await project.sql("NOTIFY for_a")
        #expect(try await second.says("outcome=ran"))
        try await second.stop()
        #expect(try second.log.ranges(of: "trigger_waiting").count == 1)
      }
    }
  }

  // MARK: Stops

  /// At whatever moment it is told to stop, it ends well, or by the signal before it has done anything.
  @Test func aStopDuringTheStartIsClean() async throws {
    try await TidemarkProject.with { project in
      try project.write("jobs/a.yaml", Self.job("a", schedule: Self.rare))
      for delay in 0..<12 {
        let scheduler = try RunningScheduler(project)
        // From the moment it exists to when it has nearly begun; how near depends on the machine.
        for _ in 0..<(delay * 40) { await Task.yield() }
        scheduler.process.signal(SIGTERM)
        let end = try await scheduler.end()
        let isUntouched = end.exit == .signal(SIGTERM) && end.output.isEmpty
        #expect(end.exit == .status(0) || isUntouched, "\(end)")
      }
      // In the middle of what it writes first.
      for place in ["before_commit", "after_commit"] {
        // One that nobody has seen, however far those before have come.
        try project.write("jobs/\(place).yaml", Self.job(place, schedule: Self.rare))
        let scheduler = try RunningScheduler(
          project, environment: ["TIDEMARK_FAILPOINT": "state.first_sighting.\(place):1:stop"])
        try await scheduler.standsStill()
        scheduler.process.signal(SIGTERM)
        scheduler.process.signal(SIGCONT)
        let end = try await scheduler.end()
        #expect(end.exit == .status(0), "\(end)")
      }
      try await RunningScheduler(project).stop()
    }
  }

  /// Told to stop while it enters, claims, computes, publishes or closes a fire, it ends well; nothing of the
  /// fire is lost or doubled.
  @Test(
    arguments: [
      "state.insert_fires.before_commit:1", "state.claim.after_commit:1", "state.checkpoint.before_commit:1",
      "publish.before_commit:1", "publish.after_commit:1", "state.release.before_commit:1",
    ], [false, true])
  func aStopWhileAFireRunsIsClean(at place: String, isPostgres: Bool) async throws {
    try await TidemarkProject.with { project in
      if isPostgres {
        try project.write("tidemark.yaml", project.file(TidemarkProject.stateLine(project.database)))
      }
      let fire = SystemClock.now.advanced(by: .seconds(-60)).text()
      try project.write("jobs/a.yaml", Self.job("a", schedule: "{at: \"\(fire)\", catch_up: all}"))
      // The job has been there for an hour.
      let tick = try await project.run(["tick"], environment: ["TIDEMARK_CLOCK_OFFSET": "-3600"])
      #expect(tick.status == 0, "\(tick.output)")
      let scheduler = try RunningScheduler(project, environment: ["TIDEMARK_FAILPOINT": place + ":stop"])
      try await scheduler.standsStill()
      scheduler.process.signal(SIGTERM)
      scheduler.process.signal(SIGCONT)
      let end = try await scheduler.end()
      #expect(end.exit == .status(0), "\(end)")
      let rest = try await project.run(["tick"])
      #expect(rest.status == 0, "\(rest.output)")
      let ledger = try await project.run(["schedule", "ledger", "a", "--json"]).output
      // Punctual or not is by who has come to it first.
      #expect(ledger.contains("\"ran\"") || ledger.contains("\"caught_up\""), "\(end) \(ledger)")
      #expect(ledger.ranges(of: "\"outcome\"").count == 1, "\(end) \(ledger)")
      #expect(try await project.rows("SELECT count(*), count(DISTINCT _run_id) FROM seen_a") == [["1", "1"]])
    }
  }
}
