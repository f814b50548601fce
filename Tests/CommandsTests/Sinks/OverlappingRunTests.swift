import Glibc
import ProjectRig
import Runtime
import Testing

/// Runs that are at work at once and make rows of the same days: whichever publishes last, the table ends with the
/// newest rows.
@Suite(.timeLimit(.minutes(5))) struct OverlappingRunTests {
  /// A job that makes two days of each run's, and writes to `result` as `store` says.
  private static func job(_ store: String, lookback: String = "1d", from source: String = "sales") -> String {
    """
    version: 1
    job: sales
    interval: {span: day, lookback: \(lookback)}
    source:
      connection: db
      table: \(source)
      where: day >= ${window.start_date} AND day < ${window.end_date}
    aggregate: {group_by: [day], measures: {n: count(*), total: sum(amount)}}
    store:
    \(store)

    """
  }

  private static func table(_ mode: String, _ name: String = "result") -> String {
    "  - table: {connection: db, name: \(name), mode: \(mode), create: true}"
  }

  private static let replacing = table("replace_window, window: day")
  /// Within the merge, from what is kept, under `merge`, and of what cannot be proved unchanged.
  static let ways: [(store: String, source: String)] = [
    (replacing, "sales"), (replacing + "\n" + table("replace_window, window: day", "other"), "sales"),
    (table("merge, key: [day]"), "sales"), (replacing, "sales_view"),
  ]

  private static func with(_ job: String, _ body: (TidemarkProject) async throws -> Void) async throws {
    try await TidemarkProject.with { try await with(job, in: $0, body) }
  }

  private static func with(
    _ job: String, in project: TidemarkProject, _ body: (TidemarkProject) async throws -> Void
  ) async throws {
    try await project.sql(
      "CREATE TABLE sales AS SELECT date '2026-03-10' + i % 10 AS day, i::numeric(10, 2) AS amount FROM generate_series(1, 100) AS i",
      "CREATE VIEW sales_view AS SELECT * FROM sales", "ANALYZE sales")
    try project.write("jobs/sales.yaml", job)
    // The ledger and the tables are there.
    let first = try await project.run(["run", "sales", "--for", "2026-03-12"])
    try #require(first.status == 0, "\(first.output)")
    try await body(project)
  }

  /// A run that has read everything and stands still before its merge.
  private struct Paused {
    let project: TidemarkProject
    let process: ChildProcess
    let output: String

    init(_ project: TidemarkProject, _ day: String) async throws {
      let output = try project.newOutput()
      let process = try project.start(
        ["run", "sales", "--for", day], environment: ["TIDEMARK_FAILPOINT": "read.done:1:stop"],
        output: output)
      try await Patience.until("the run has read") { process.exit != nil || process.standsStill }
      let said = try project.lastSaid(1)
      try #require(process.exit == nil, "\(said)")
      (self.project, self.process, self.output) = (project, process, output)
    }

    func end() async throws -> ProgramRun {
      process.signal(SIGCONT)
      return try await project.end(of: process, output: output)
    }
  }

  private static func expectNewest(_ project: TidemarkProject, _ table: String = "result") async throws {
    let days = "day BETWEEN '2026-03-13' AND '2026-03-15'"
    #expect(
      try await project.rows("SELECT day, n, total FROM \(table) WHERE \(days) ORDER BY 1")
        == project.rows("SELECT day, count(*), sum(amount) FROM sales WHERE \(days) GROUP BY 1 ORDER BY 1"))
  }

  private static let change = "UPDATE sales SET amount = amount + 1000"
  private static let goesBack =
    "were read later than those of this run, for some of the same time; reading again"

  @Test(arguments: ways) func theOlderReadingIsReadAgain(_ way: (store: String, source: String)) async throws
  {
    try await Self.with(Self.job(way.store, from: way.source)) { project in
      try await readsAgain(project, behind: Self.change)
      try await Self.expectNewest(project)
      if way.store.contains("other") { try await Self.expectNewest(project, "other") }
    }
  }

  /// A run stands still behind its reading, while something changes and another run publishes: it reads again.
  private func readsAgain(_ project: TidemarkProject, behind change: String) async throws {
    let older = try await Paused(project, "2026-03-14")
    try await project.sql(change)
    let newer = try await project.run(["run", "sales", "--for", "2026-03-15"])
    try #require(newer.status == 0, "\(newer.output)")
    let run = try await older.end()
    #expect(run.status == 0 && run.output.contains(Self.goesBack), "\(run.output)")
  }

  private static let bounds = "  where: day >= ${window.start_date} AND day < ${window.end_date}\n"

  /// Days of which neither run is stand in both results.
  @Test func whatReadsEverythingPutsItInPlaceOfEverything() async throws {
    let job = Self.job(Self.table("merge, key: [day]")).replacing(Self.bounds, with: "").replacing(
      ", lookback: 1d", with: "")
    try await Self.with(job) { project in
      try await readsAgain(project, behind: Self.change)
      try await Self.expectNewest(project)
    }
  }

  /// A run that keeps what it has read, whatever has changed, may not put it in the place of what is newer: whether it has
  /// read it itself or an owner before it.
  @Test(arguments: [true, false]) func whatIsKeptIsReadAgainToo(isKilled: Bool) async throws {
    let job = Self.job(Self.replacing).replacing("  where:", with: "  on_resume: keep\n  where:")
    try await Self.with(job) { project in
      if isKilled {
        let killed = try await project.run(
          ["run", "sales", "--for", "2026-03-14"], failpoint: "read.done:1:kill")
        try #require(killed.wasKilled, "\(killed.output)")
        try await project.sql(Self.change)
        for day in ["2026-03-15", "2026-03-14"] {
          let run = try await project.run(["run", "sales", "--for", day])
          #expect(run.status == 0, "\(run.output)")
        }
      } else {
        try await readsAgain(project, behind: Self.change)
      }
      try await Self.expectNewest(project)
    }
  }

  /// Lookups are as old as the rows that were looked up.
  @Test func lookupsAreReadAgainToo() async throws {
    let job = Self.job(Self.replacing).replacing(
      "aggregate: {group_by: [day], measures: {",
      with: """
        process: [{lookup: {from: {connection: db, table: rates}, match: {day: since}, take: {rate: rate}}}]
        aggregate: {group_by: [day], measures: {rate: max(rate), 
        """)
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE rates AS SELECT date '2026-03-10' + i AS since, 1 AS rate FROM generate_series(0, 9) AS i"
      )
      try await Self.with(job, in: project) { project in
        try await readsAgain(project, behind: "UPDATE rates SET rate = 2")
        try await Self.expectNewest(project)
        let days = "day BETWEEN '2026-03-13' AND '2026-03-15'"
        #expect(
          try await project.rows("SELECT DISTINCT rate::text FROM result WHERE \(days)") == [["2"]])
      }
    }
  }

  /// The one that has read later need not wait for the other, nor read again behind it; and the other one does so once.
  @Test(arguments: [true, false]) func oneOfTwoGoesBackOnce(isOlderFirst: Bool) async throws {
    try await Self.with(Self.job(Self.replacing)) { project in
      let older = try await Paused(project, "2026-03-14")
      try await project.sql(Self.change)
      let newer = try await Paused(project, "2026-03-15")
      try await project.sql(Self.change)
      var runs: [ProgramRun] = []
      for paused in isOlderFirst ? [older, newer] : [newer, older] { runs.append(try await paused.end()) }
      #expect(runs.map(\.status) == [0, 0], "\(runs.map(\.output))")
      let times = runs.map { $0.output.ranges(of: Self.goesBack).count }
      #expect(times == (isOlderFirst ? [0, 0] : [0, 1]), "\(runs.map(\.output))")
    }
  }

  /// Whatever was read later for other days.
  @Test func othersAreInNobodysWay() async throws {
    try await Self.with(Self.job(Self.replacing)) { project in
      let older = try await Paused(project, "2026-03-14")
      try await project.sql(Self.change)
      let newer = try await project.run(["run", "sales", "--for", "2026-03-16"])
      try #require(newer.status == 0, "\(newer.output)")
      let run = try await older.end()
      #expect(run.status == 0 && !run.output.contains("reading again"), "\(run.output)")
    }
  }

  /// A replay has no rows but those of its origin.
  @Test func aReplayOfOlderRowsIsRefused() async throws {
    let job = Self.job(Self.replacing).replacing(
      "aggregate:", with: "process: [{validate: {expect: \"amount <> 14\"}, on_fail: quarantine}]\naggregate:"
    )
    try await Self.with(job) { project in
      for day in ["2026-03-14", "2026-03-15"] {
        let run = try await project.run(["run", "sales", "--for", day])
        try #require(run.status == 0, "\(run.output)")
        try await project.sql(Self.change)
      }
      let before = try await project.rows("SELECT * FROM result ORDER BY day")
      let origin = try await project.rows(
        "SELECT run_id FROM tidemark.publications WHERE interval_start::date = '2026-03-14'")[0][0]
      let replay = try await project.run(["quarantine", "replay", origin])
      #expect(
        replay.status == 8 && replay.output.contains("error[overtaken]")
          && replay.output.contains("tidemark cancel"), "\(replay.output)")
      #expect(try await project.rows("SELECT * FROM result ORDER BY day") == before)
    }
  }
}
