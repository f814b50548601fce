import DemoServer
import Glibc
import Model
import Postgres
import ProjectRig
import Runtime
import StateStore
import Synchronization
import Testing

/// A job with every kind of sink, some dirt and a notice, made to be killed: what it leaves can be
/// compared with what an undisturbed run leaves.
struct CrashWorld {
  let project: TidemarkProject
  var state = StateKind.sqlite
  var scenario = CrashScenario.groups
  /// The state's own server; left out, the state lies beside the project or in its database.
  var stateServer: DemoServer?

  /// Where the state lies.
  enum StateKind: String, CaseIterable, Sendable {
    case sqlite, postgres
  }

  static let command = ["run", "crash", "--for", "2026-03-14"]

  /// - Parameter server: one of the test's own; left out, all share one.
  static func with(
    _ state: StateKind = .sqlite, _ scenario: CrashScenario = .groups, on server: DemoServer? = nil,
    _ body: (CrashWorld) async throws -> Void
  ) async throws {
    // Before a database is taken: all could be taken by tests that wait for this one's.
    _ = try await undisturbed(scenario)
    try await make(state, scenario, on: server, body)
  }

  private static func make(
    _ state: StateKind, _ scenario: CrashScenario, on server: DemoServer? = nil,
    _ body: (CrashWorld) async throws -> Void
  ) async throws {
    func prepare(_ project: TidemarkProject) async throws {
      let world = CrashWorld(project: project, state: state, scenario: scenario)
      try await world.fill()
      try await body(world)
    }
    if let server {
      try await TidemarkProject.with(on: server, prepare)
    } else {
      try await TidemarkProject.with(prepare)
    }
  }

  /// Puts a world in place in which nothing has run.
  private func fill() async throws {
    try await project.sql(CrashWorld.nothing + CrashWorld.events + ["CREATE TABLE told (n int)"])
    try project.write("jobs/crash.yaml", scenario.job)
    try project.write(
      "tidemark.yaml",
      project.file(state == .postgres ? TidemarkProject.stateLine(project.database) : "")
        .replacing("connections:\n", with: "connections:\n" + scenario.other(project.database)))
  }

  /// Takes back all that runs and tests have left. Not for a world whose source or state is elsewhere.
  func renew() async throws {
    try CrashWorld.empty(project.folder)
    for name in ["jobs", "out"] { mkdir(project.path(name), 0o755) }
    try await fill()
  }

  /// Takes away all that is in a folder.
  static func empty(_ folder: String) throws {
    for name in try FolderTree.names(in: folder) where unlink("\(folder)/\(name)") != 0 {
      try FolderTree.remove("\(folder)/\(name)")
    }
  }

  /// Empties a database of what worlds and runs have left.
  private static let nothing = [
    "SET client_min_messages = error",
    "DROP SCHEMA IF EXISTS public, tidemark, other_ledger, tidemark_state CASCADE",
    "CREATE SCHEMA public",
  ]

  /// What the job reads.
  private static let events = [
    """
    CREATE TABLE events AS SELECT i AS id, TIMESTAMPTZ '2026-03-13 22:00+00' + i * INTERVAL '5 minutes' AS at,
      (ARRAY['a', 'b', NULL])[i % 3 + 1] AS kind, (i * 7919 % 1009)::numeric(10, 2) / 7 AS amount,
      i % 17 AS qty FROM generate_series(1, 400) AS i
    """,
    "ALTER TABLE events ADD PRIMARY KEY (id)", "ANALYZE events",
  ]

  /// The same world with its source and its state on servers of their own.
  func moved(source: DemoServer, state: DemoServer) async throws -> CrashWorld {
    var moved = self
    moved.stateServer = state
    moved.state = .postgres
    let connection = try await Connection.open(source.settings())
    for statement in CrashWorld.nothing + CrashWorld.events {
      try await connection.execute(SQLText(trusted: statement))
    }
    await connection.close()
    try connect(source: source.connectionString(), state: state.connectionString())
    return moved
  }

  /// Names the databases that are read and that keep the state, by connection strings.
  /// - Parameter target: the one that is published to; the project's own where it is left out.
  func connect(source: String, target: String? = nil, state: String) throws {
    try project.write(
      "tidemark.yaml",
      project.file(TidemarkProject.stateLine(state))
        .replacing(project.database, with: target ?? project.database)
        .replacing("defaults:", with: "  source: {url: \"\(source)\", search_path: [public]}\ndefaults:"))
    try project.write(
      "jobs/crash.yaml",
      scenario.job.replacing(
        "  connection: db\n  table: events", with: "  connection: source\n  table: events"))
  }

  /// Owners die often here, and nobody waits for their leases.
  static let environment = ["TIDEMARK_LEASE_MS": "1"]

  /// Runs the crash job, to be killed at a failpoint or to its end.
  func run(_ failpoint: String? = nil, more: [String: String] = [:]) async throws -> ProgramRun {
    try await project.run(
      Self.command, failpoint: failpoint, environment: Self.environment.merging(more) { $1 })
  }

  /// Has the program work as a role of its own while `body` goes on, which may do what the job needs and no more.
  func asOrdinaryRole(_ body: (_ role: String) async throws -> Void) async throws {
    let role = "ordinary_\(project.database.filter(\.isNumber))"
    try await project.sql(
      "CREATE ROLE \(role) LOGIN", "GRANT SELECT ON events TO \(role)",
      "GRANT CREATE, USAGE ON SCHEMA public TO \(role)", "GRANT SELECT, INSERT ON told TO \(role)",
      "DO $$ BEGIN EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO \(role)', current_database()); END $$"
    )
    try project.write("tidemark.yaml", project.file().replacing("user=postgres", with: "user=\(role)"))
    try await CleanUp.after {
      try await body(role)
    } cleanUp: {
      try await project.sql(
        "SET client_min_messages = error", "DROP OWNED BY \(role) CASCADE", "DROP ROLE \(role)")
    }
  }

  /// Starts the crash job with a failpoint of effect `stop`, and comes back when it stands still there.
  /// - Returns: `nil` where it ended without having come there.
  func stopped(
    at failpoint: String, output: String, environment: [String: String] = [:], more: [String] = []
  ) async throws -> ChildProcess? {
    var variables = Self.environment.merging(environment) { $1 }
    variables["TIDEMARK_FAILPOINT"] = failpoint + ":stop"
    let process = try project.start(Self.command + more, environment: variables, output: output)
    try await Patience.until("the run stands still at \(failpoint)") {
      process.exit != nil || process.standsStill
    }
    return process.exit == nil ? process : nil
  }

  /// Takes back all that runs have left.
  func reset() async throws {
    try await project.sql(
      "SET client_min_messages = error", "DROP TABLE IF EXISTS by_window, appended, merged",
      "DROP SCHEMA IF EXISTS tidemark, other_ledger, tidemark_state CASCADE", "DELETE FROM told")
    if let stateServer {
      let connection = try await Connection.open(stateServer.settings())
      try await connection.execute(
        "SET client_min_messages = error; DROP SCHEMA IF EXISTS tidemark_state CASCADE")
      await connection.close()
    }
    for name in [".tidemark", "out"] where access(project.path(name), F_OK) == 0 {
      try FolderTree.remove(project.path(name))
    }
    mkdir(project.path("out"), 0o755)
  }

  /// Expects what an undisturbed run leaves. A failure tells what differs, part by part, and what the last
  /// programs said.
  /// - Parameter notices: false where faults were told of as they should be.
  func expectUndisturbed(
    notices: Bool = true, _ comment: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    var undisturbed = try await CrashWorld.undisturbed(scenario)
    var traces = try await traces()
    if !notices { (traces.notices, undisturbed.notices) = ([], []) }
    let differences = traces.differences(from: undisturbed)
    if differences.isEmpty { return }
    Issue.record(
      "\(([comment] + differences).filter { !$0.isEmpty }.joined(separator: "; "))\n\(try project.lastSaid(4))",
      sourceLocation: sourceLocation)
  }

  /// Kills the run at a place, once and once more, and expects that the same command then leaves what an undisturbed
  /// run leaves.
  /// - Parameter place: name and number, as in `TIDEMARK_FAILPOINT`.
  /// - Returns: how often it was killed; the second time it may not come so far as to pass the place again.
  func expectUndisturbed(
    killedAt place: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Int {
    let first = try await run("\(place):kill")
    try #require(first.wasKilled, "\(place) was not reached: \(first.output)", sourceLocation: sourceLocation)
    let second = try await run("\(place):kill")
    #expect(second.wasKilled || second.status == 0, "\(second.output)", sourceLocation: sourceLocation)
    if first.output.contains(" run_opened ") {
      // The log says whose work goes on.
      #expect(
        second.output.contains(" run_taken_over ") || second.output.contains("done before"),
        "\(place): \(second.output)", sourceLocation: sourceLocation)
    }
    let third = try await run()
    #expect(third.status == 0, "\(third.output)", sourceLocation: sourceLocation)
    try await expectUndisturbed(place, sourceLocation: sourceLocation)
    return second.wasKilled ? 2 : 1
  }

  /// Puts the owner to sleep at a place, past its lease, has another process do its work, and wakes it: it hears that
  /// the run is not its own any more, and has added nothing to what an undisturbed run leaves.
  /// - Parameter place: name and number, as in `TIDEMARK_FAILPOINT`.
  func expectUndisturbed(
    asleepAt place: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let output = try project.newOutput()
    let process = try #require(
      try await stopped(at: place, output: output), "\(place)", sourceLocation: sourceLocation)
    let heir = try await run()
    #expect(heir.status == 0, "\(place): \(heir.output)", sourceLocation: sourceLocation)
    process.signal(SIGCONT)
    let first = try await project.end(of: process, output: output)
    #expect(
      first.status == 8 && first.output.contains("fenced"), "\(place): \(first.output)",
      sourceLocation: sourceLocation)
    try await expectUndisturbed(place, sourceLocation: sourceLocation)
  }

  /// Lets a place fail once. An error is taken as one of the connection: tried again where that is possible, else told,
  /// and recoveries and failures are told of.
  func expectUndisturbed(
    failingAt place: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let first = try await run("\(place):error")
    // Where the answer to a COMMIT is lost, that is what is told.
    let isHit = ["failpoint", "was lost over a COMMIT"].contains { first.output.contains($0) }
    #expect(isHit, "\(place) was not reached: \(first.output)", sourceLocation: sourceLocation)
    if first.status != 0 {
      #expect(
        first.status == 6, "\(first.output)", sourceLocation: sourceLocation)
      let second = try await run()
      #expect(second.status == 0, "\(second.output)", sourceLocation: sourceLocation)
    }
    try await expectUndisturbed(notices: false, place, sourceLocation: sourceLocation)
  }

  func traces() async throws -> Traces {
    var traces = Traces()
    traces.tables = try await project.rows(scenario.queries)
    // One run has published everything, and every appended row is its.
    traces.leftovers = try await project.rows(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'tidemark%'"
    ).map { $0[0] }
    traces.ledger = try await project.rows(
      scenario.ledgers.flatMap {
        [
          "SELECT sink, revision, job, target, interval_start, rows, deleted, rejected, result_hash FROM \($0).publications ORDER BY sink, revision",
          "SELECT count(DISTINCT run_id) FROM \($0).publications",
        ]
      }
        + (scenario.appends
          ? ["SELECT count(*) FROM appended WHERE _run_id NOT IN (SELECT run_id FROM tidemark.publications)"]
          : []))
    for name in scenario.files {
      traces.files[name] = try project.read(name)
    }
    // A server notices the end of a killed client when it next turns to it.
    var busy: [[String]] = []
    try await Patience.until("for the end of \(busy)") {
      busy = try await project.rows(
        "SELECT application_name, state, query FROM pg_stat_activity WHERE application_name LIKE 'tidemark %' AND datname = current_database() AND state <> 'idle'"
      )
      return busy.isEmpty
    }
    for folder in ["out", "out/deep/er", ".tidemark/scratch"] where access(project.path(folder), F_OK) == 0 {
      traces.leftovers += try FolderTree.names(in: project.path(folder)).filter {
        $0.hasSuffix(".tmp") || folder.hasSuffix("scratch")
      }
    }
    try await state { store in
      for run in try await store.runs(RunFilter()) {
        traces.revisions.append(
          "\(run.revision) \(run.state.rawValue) \(run.totals.chunks) chunks \(run.totals.rows.read) read \(run.totals.rows.quarantined) quarantined"
        )
        traces.quarantine += try await store.rejections(of: run.id, limit: 10_000).map { "\($0)" }.map {
          $0.replacing(run.id.text, with: "RUN")
        }
        traces.notices += try await store.notices(run: run.id, limit: 100).map {
          // Without the mark of whom it names, which goes by the project's folder.
          "\($0.event) to \($0.channel.prefix { $0 != "/" })"
        }
      }
    }
    return traces
  }

  /// The project's state, opened beside whatever runs.
  func state(_ body: (Store) async throws -> Void) async throws {
    let store =
      switch state {
      case .sqlite:
        try await Store.openSQLite(path: project.path(".tidemark/state.db"), now: { SystemClock.now })
      case .postgres: try await Store.openPostgres(try stateServer?.settings() ?? project.settings)
      }
    try await body(store)
    await store.close()
  }

  /// What an undisturbed run leaves.
  static func undisturbed(_ scenario: CrashScenario = .groups) async throws -> Traces {
    let task = memory.withLock { memory in
      if let task = memory[scenario] { return task }
      let task = Task { () throws -> Traces in
        let made = Box()
        try await CrashWorld.make(.sqlite, scenario) { world in
          let run = try await world.project.run(command)
          try #require(run.status == 0, "\(run.output)")
          made.traces = try await world.traces()
        }
        return made.traces
      }
      memory[scenario] = task
      return task
    }
    return try await task.value
  }

  private static let memory = Mutex<[CrashScenario: Task<Traces, any Error>]>([:])

  /// Filled by one task and read by the same.
  private final class Box: @unchecked Sendable {
    var traces = Traces()
  }
}
