import ProjectRig
import Testing

/// Columns of a table that keep less than the result has: shorter texts, fewer decimals.
@Suite(.timeLimit(.minutes(5))) struct NarrowColumnTests {
  /// A job that stores rows as they are.
  /// - Parameters:
  ///   - columns: of the table `source`.
  ///   - rule: of the table that they are stored in, from its name on.
  ///   - interval: with the rows that are read of it.
  private func job(
    of columns: String, into rule: String, interval: (span: String, filter: String)? = nil
  ) -> String {
    """
    version: 1
    timezone: UTC
    \(interval.map { "interval: {span: \($0.span)}" } ?? "")
    source: {connection: db, table: source\(interval.map { ", where: \"\($0.filter)\"" } ?? "")}
    process: [{select: [\(columns)]}]
    store: [{table: {connection: db, name: \(rule)}}]

    """
  }

  /// As by an assignment in Postgres: blanks at the end may go, nothing else is cut off.
  @Test(
    arguments: ["append", "merge", "replace"],
    [("varchar(1)", "text"), ("char(1)", "text"), ("varchar(1)", "char(4)")])
  func aTextThatIsTooLongIsRefused(_ mode: String, _ types: (target: String, source: String)) async throws {
    try await SinkWorld.with { world in
      try await world.project.sql(
        "CREATE TABLE result (day date, shop \(types.target), n bigint, total numeric, _run_id text)",
        "ALTER TABLE sales ALTER shop TYPE \(types.source)", "UPDATE sales SET shop = 'bc' WHERE shop = 'b'")
      let sink = "table: {connection: db, name: result, mode: \(mode)}"
      let run = try await world.run(sink)
      #expect(run.status == 1 && run.output.contains("22001"), "\(run.output)")
      #expect(try await world.stored() == [])
      try await world.project.sql("UPDATE sales SET shop = 'b  ' WHERE shop = 'bc'")
      let second = try await world.run(sink)
      #expect(second.status == 0, "\(second.output)")
      #expect(try await world.stored() == SinkWorld.fourteenth)
    }
  }

  /// A column of the target that keeps fewer decimals may round a time into the next interval, where no run finds it.
  @Test(arguments: [
    (0, "23:59:59.4", 0), (0, "23:59:59.5", 4), (3, "23:59:59.9994", 0), (3, "23:59:59.9996", 4),
  ])
  func timesThatAreRoundedOutOfTheWindow(decimals: Int, time: String, status: Int32) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE source (at timestamptz, n int)",
        "INSERT INTO source VALUES ('2026-03-14 \(time)+00', 1)",
        "CREATE TABLE result (at timestamptz(\(decimals)), n int)")
      try project.write(
        "jobs/copy.yaml",
        job(
          of: "at, n", into: "result, mode: replace_window, window: at",
          interval: ("day", "at >= ${window.start} AND at < ${window.end}")))
      for again in [[], ["--again"]] {
        let run = try await project.run(["run", "copy", "--for", "2026-03-14"] + again)
        #expect(run.status == status, "\(run.output)")
        #expect(run.output.contains("rounds it out") == (status != 0), "\(run.output)")
      }
      #expect(try await project.rows("SELECT n FROM result").count == (status == 0 ? 1 : 0))
    }
  }

  /// A target's column may keep fewer decimals than the result has: what is found again is what is kept.
  @Test(arguments: [
    ("timestamp(0)", "'2024-01-01 00:00:00.4'::timestamp"),
    ("timestamptz(3)", "'2024-01-01 00:00:00.0004Z'::timestamptz"),
    ("interval(0)", "'00:00:00.4'::interval"), ("time(0)", "'00:00:00.4'::time"), ("numeric(5,2)", "1.001"),
  ])
  func keysThatTheTargetRounds(type: String, value: String) async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE source AS SELECT \(value) AS k, 1 AS n", "CREATE TABLE merged (k \(type), n int)",
        "CREATE TABLE scoped (k \(type), n int)")
      try project.write("jobs/merged.yaml", job(of: "k, n", into: "merged, mode: merge, key: [k]"))
      let plain = value.split(separator: "'").first { $0.contains(":") }.map(String.init) ?? value
      try project.write(
        "jobs/scoped.yaml", job(of: "k, n", into: "scoped, mode: replace, scope: {k: \"\(plain)\"}"))
      for name in ["merged", "scoped"] where name == "merged" || type != "time(0)" {
        for _ in 1...2 {
          let run = try await project.run(["run", name])
          #expect(run.status == 0, "\(run.output)")
        }
        #expect(try await project.rows("SELECT n FROM \(name)") == [["1"]], "\(name)")
      }
      try await project.sql(
        "INSERT INTO source SELECT \(value.replacing("4'", with: "3'").replacing("1.001", with: "1.002")), 2")
      let shared = try await project.run(["run", "merged"])
      #expect(shared.status == 1 && shared.output.contains("error[shared_key]"), "\(shared.output)")
    }
  }

  @Test func mergeCutsNothingOff() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE TABLE source AS SELECT 1 AS k, '{abcdefgh}'::varchar[] AS tags",
        "CREATE TABLE merged (k int, tags varchar(5)[])")
      try project.write("jobs/merged.yaml", job(of: "k, tags", into: "merged, mode: merge, key: [k]"))
      let run = try await project.run(["run", "merged"])
      #expect(run.status != 0 && run.output.contains("too long"), "\(run.output)")
      #expect(try await project.rows("SELECT k FROM merged").isEmpty)
    }
  }
}
