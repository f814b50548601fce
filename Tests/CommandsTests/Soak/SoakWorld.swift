import DemoServer
import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

/// Schedulers that work while all sorts of things happen to them: jobs that are due every few seconds, over a server of
/// their own, and accounts between which money moves all the time.
///
/// One scheduler goes on from the beginning to the end; a second one is there to be killed.
final class SoakWorld {
  let project: TidemarkProject
  let server: DemoServer
  /// Between the schedulers and the database that they read and publish to; the state is reached without.
  let way: TCPProxy
  let state: CrashWorld.StateKind
  let steady: RunningScheduler
  private(set) var other: RunningScheduler

  /// By second within the jobs' common distance.
  static let jobs = ["slot-0", "slot-1", "bank"]
  static let distance = 3

  /// Owners die often here, and nobody waits long for their leases or for silent servers.
  static let environment = [
    "TIDEMARK_LEASE_MS": "3000", "TIDEMARK_SILENCE_MS": "1000", "PGCONNECT_TIMEOUT": "2",
  ]

  private init(
    _ project: TidemarkProject, _ server: DemoServer, _ way: TCPProxy, _ state: CrashWorld.StateKind,
    _ schedulers: [RunningScheduler]
  ) {
    (self.project, self.server, self.way, self.state) = (project, server, way, state)
    (steady, other) = (schedulers[0], schedulers[1])
  }

  static func with(
    _ state: CrashWorld.StateKind, _ body: (SoakWorld) async throws -> Void
  ) async throws {
    try await OwnServers.with { servers in
      let way = try TCPProxy(to: "\(servers[0].socketDirectory)/.s.PGSQL.\(servers[0].port)")
      defer { way.stop() }
      try await TidemarkProject.with(on: servers[0]) { project in
        try await fill(project, way, state)
        try await RunningScheduler.with { schedulers in
          for _ in 0..<2 {
            schedulers.append(try RunningScheduler(project, environment: environment))
          }
          let world = SoakWorld(project, servers[0], way, state, schedulers)
          try await CleanUp.after {
            try await Bank.whileMoneyMoves(in: project) { try await body(world) }
          } cleanUp: {
            schedulers[1] = world.other
          }
        }
      }
    }
  }

  // MARK: The jobs

  private static func fill(
    _ project: TidemarkProject, _ way: TCPProxy, _ state: CrashWorld.StateKind
  ) async throws {
    try await project.sql(
      "CREATE TABLE slots (n timestamptz, rows bigint, _run_id text)",
      "CREATE TABLE totals (moment timestamptz, total numeric, n bigint, _run_id text)")
    try await Bank.open(in: project)
    let stateLine = state == .postgres ? TidemarkProject.stateLine(project.database) : ""
    try project.write(
      "tidemark.yaml",
      project.file().replacing(project.database, with: way.connectionString(database: "postgres")) + stateLine
    )
    for (second, name) in jobs.enumerated() {
      try project.write("jobs/\(name).yaml", job(name, second))
    }
    let tick = try await project.run(["tick"])
    try #require(tick.status == 0, "\(tick.output)")
  }

  /// The file of a job.
  /// - Parameter more: further lines.
  static func job(_ name: String, _ more: String = "") -> String {
    job(name, jobs.firstIndex(of: name) ?? 0, more)
  }

  private static func job(_ name: String, _ second: Int, _ more: String = "") -> String {
    let schedule =
      "schedule: {cron: \"\(second)/\(distance) * * * * *\", catch_up: all, if_running: queue_all}"
    // A server that is just away when a run is planned for the first time is not waited for: that is for `rerun`.
    let errors = "errors: {retry: {initial: 10ms, max: 100ms}, rerun: {attempts: 20, wait: 1s}}"
    let keys = "\(schedule)\n\(errors)\n\(more)"
    if name != "bank" {
      return ScheduledJobText.job(keys, query: "SELECT ${fire.time} AS n", table: "slots")
    }
    return """
      version: 1
      \(keys)
      source:
        connection: db
        table: accounts
        add_columns: {moment: "${fire.time}"}
        chunk: {by: key, column: id, rows: 25}
      aggregate: {group_by: [moment], measures: {total: sum(balance), n: count(*)}}
      store:
        - table: {connection: db, name: totals, mode: append}
        - file: {path: bank.csv}

      """
  }

  // MARK: The schedulers

  /// Puts another one in the place of the second, which has ended.
  func replaceOther(_ environment: [String: String] = [:]) throws {
    other = try RunningScheduler(project, environment: Self.environment.merging(environment) { $1 })
  }

  /// The state, opened beside the schedulers.
  func store(_ body: (Store) async throws -> Void) async throws {
    try await CrashWorld(project: project, state: state).state(body)
  }

  /// What the schedulers have said last.
  func said() throws -> String {
    "steady:\n\(try steady.log.suffix(3000))\nother:\n\(try other.log.suffix(3000))"
  }

  /// Waits until the server answers.
  func recovered() async throws {
    try await Patience.until("the server answers", said: said) {
      do {
        try await project.sql("SELECT 1")
        return true
      } catch let fault as Fault where fault.isTransient {
        return false
      }
    }
  }

  /// Waits until each job has run a fire of later than now.
  func goesOn() async throws {
    let moment = SystemClock.now
    try await Patience.until("each job goes on after \(moment.text())", said: said) {
      if steady.process.exit != nil {
        throw Fault("ended", .internal, "The scheduler has ended", cause: try said())
      }
      return try await project.rows(
        """
        SELECT count(DISTINCT n) FILTER (WHERE extract(epoch FROM n)::bigint % \(Self.distance) = 0) > 0
          AND count(DISTINCT n) FILTER (WHERE extract(epoch FROM n)::bigint % \(Self.distance) = 1) > 0
          AND (SELECT count(*) FROM totals WHERE moment > '\(moment.text())') > 0
        FROM slots WHERE n > '\(moment.text())'
        """) == [["t"]]
    }
  }

  // MARK: What there must be

  /// Nothing doubled, each sum right, and all that the ledger says has succeeded is there.
  func expectSound(_ comment: String) async throws {
    var succeeded: [String] = []
    try await store { store in
      for fire in try await self.fires(store) where Self.hasSucceeded(fire) {
        succeeded.append("\(fire.key.fire.seconds) \(fire.run?.text ?? "")")
      }
    }
    let published = try await published()
    let missing = Set(succeeded).subtracting(published)
    #expect(missing.isEmpty, "\(comment): lost \(missing.sorted().prefix(5))")
    #expect(Set(published).count == published.count, "\(comment): doubled")
    let slots = Set(published.map { $0.prefix { $0 != " " } })
    #expect(slots.count == published.count, "\(comment): a fire was published by two runs")
    let wrong = try await project.rows(
      "SELECT * FROM totals WHERE total <> \(Bank.total) OR n <> \(Bank.accounts)")
    #expect(wrong.isEmpty, "\(comment): \(wrong.prefix(3))")
  }

  /// The same, and nothing besides, once all have stopped.
  /// - Returns: how many fires there were.
  func expectAllDone(_ comment: String) async throws -> Int {
    try await recovered()
    try await Patience.until("all fires are over") {
      let tick = try await project.run(["tick", "--quiet"], environment: Self.environment)
      try #require([0, 8].contains(tick.status), "\(comment): \(tick.output)")
      var isOver = false
      try await store { isOver = try await $0.openFires(project: "test").isEmpty }
      return isOver
    }
    try await expectSound(comment)
    var succeeded: [String] = []
    var count = 0
    try await store { store in
      let fires = try await self.fires(store)
      count = fires.count
      for (job, fires) in Dictionary(grouping: fires, by: \.key.job) {
        let seconds = fires.map(\.key.fire.seconds)
        let gaps = zip(seconds, seconds.dropFirst()).filter { $1 - $0 != Self.distance }
        #expect(gaps.isEmpty, "\(comment): \(job) has no fires between \(gaps.prefix(3))")
      }
      for fire in fires {
        if Self.hasSucceeded(fire) { succeeded.append("\(fire.key.fire.seconds) \(fire.run?.text ?? "")") }
        #expect(
          Self.hasSucceeded(fire) || [.paused, .cancelled].contains(fire.outcome),
          "\(comment): \(fire.key.fire.text()) \(fire.outcome) \(fire.note ?? "")")
      }
      let open = try await store.runs(RunFilter(isUnfinished: true))
      #expect(open.isEmpty, "\(comment): \(open.map { "\($0.id) \($0.state)" })")
      #expect(try await store.check().isEmpty)
    }
    let more = Set(try await published()).subtracting(succeeded)
    #expect(more.isEmpty, "\(comment): published, and not known as a success: \(more.sorted().prefix(5))")
    let files = try FolderTree.names(in: project.path("out"))
    #expect(files == ["bank.csv"], "\(comment): \(files)")
    let sessions =
      "SELECT application_name, state FROM pg_stat_activity WHERE application_name LIKE 'tidemark %'"
    try await Patience.until("no session is left") { try await project.rows(sessions).isEmpty }
    return count
  }

  private static func hasSucceeded(_ fire: FireRecord) -> Bool {
    [.ran, .caughtUp].contains(fire.outcome)
  }

  /// Of all jobs, oldest first.
  private func fires(_ store: Store) async throws -> [FireRecord] {
    let ever = TimeRange(start: Instant(seconds: 0), end: Instant(seconds: 1 << 40))
    var fires: [FireRecord] = []
    for job in Self.jobs { fires += try await store.fires(project: "test", job: JobName(job), in: ever) }
    return fires
  }

  /// Second and run of each row that jobs have stored.
  private func published() async throws -> [String] {
    try await project.rows(
      """
      SELECT extract(epoch FROM n)::bigint || ' ' || _run_id FROM slots
      UNION ALL SELECT extract(epoch FROM moment)::bigint || ' ' || _run_id FROM totals
      """
    ).map { $0[0] }
  }
}
