import ProjectRig
import Testing

/// Rows for a new table are stored while they are read only where a transaction as long as that is in nobody's way.
@Suite(.timeLimit(.minutes(5))) struct StoringAheadTests {
  private static let job = """
    version: 1
    job: copy
    source: {connection: db, table: sales, chunk: {by: key, column: id, rows: 30}}
    process:
      - derive: {double: amount * 2}
      - select: [id, amount, double]
    store:
      - table: {connection: db, name: result, mode: replace, create: true}
    limits: {parallelism: 2}

    """

  /// What is put for what in the job, and the SQL before it.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var old = ""
    var new = ""
    var sql = "SELECT"
    var isAhead = false

    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "a new table", isAhead: true),
    Case(name: "one to append to", old: "mode: replace", new: "mode: append", isAhead: true),
    Case(name: "one to merge into", old: "mode: replace", new: "mode: merge, key: id", isAhead: true),
    Case(
      name: "over as many connections as there are", old: "parallelism: 2", new: "parallelism: 3",
      isAhead: true),
    Case(
      name: "the schema is there", old: "name: result", new: "name: other.result", sql: "CREATE SCHEMA other",
      isAhead: true),
    Case(name: "the schema is not there", old: "name: result", new: "name: other.result"),
    Case(name: "the table is there", sql: "CREATE TABLE result (id int, amount numeric, double numeric)"),
    Case(
      name: "groups", old: "store:",
      new: "aggregate: {group_by: [id], measures: {amount: max(amount), double: max(double)}}\nstore:"),
    Case(
      name: "another table besides", old: "limits:",
      new: "  - table: {connection: db, name: second, mode: replace, create: true}\nlimits:"),
    Case(name: "a file besides", old: "limits:", new: "  - file: {path: a.csv}\nlimits:"),
    Case(name: "no snapshot", old: "rows: 30}", new: "rows: 30}, consistency: chunk"),
    Case(
      name: "something before it", old: "create: true", new: "create: true, before_publish: SELECT 1"),
    Case(name: "another connection", old: "{connection: db, name", new: "{connection: second, name"),
    Case(name: "statements have a limit", old: "parallelism: 2", new: "statement_timeout: 60s"),
    Case(name: "slowly", old: "parallelism: 2", new: "max_rows_per_second: 100000"),
  ]

  @Test(arguments: cases) func ahead(_ item: Case) async throws {
    try await TidemarkProject.with { project in
      try project.write(
        "tidemark.yaml",
        project.file().replacing(
          "defaults:", with: "  second: {url: \"\(project.database)\", search_path: [public]}\ndefaults:"))
      try await project.sql(
        "CREATE TABLE sales AS SELECT i AS id, i * 1.25 AS amount FROM generate_series(1, 100) AS i",
        "ALTER TABLE sales ADD PRIMARY KEY (id)", "ANALYZE sales", item.sql)
      let job = item.old.isEmpty ? Self.job : Self.job.replacing(item.old, with: item.new)
      try #require(item.old.isEmpty || job != Self.job)
      try project.write("jobs/copy.yaml", job)
      let first = try await project.run(["run", "copy"], failpoint: "ahead.named:1:kill")
      #expect(first.wasKilled == item.isAhead, "\(first.output)")
      if first.wasKilled {
        let second = try await project.run(["run", "copy"])
        #expect(second.status == 0, "\(second.output)")
      }
      let table = item.new.contains("other.result") ? "other.result" : "result"
      let stored = try await project.rows("SELECT count(*), sum(amount), sum(double) FROM \(table)")
      #expect(stored == [["100", "6312.50", "12625.00"]], "\(first.output)")
      let left = try await project.rows("SELECT relname FROM pg_class WHERE relname LIKE 'tidemark%'")
      #expect(left == [])
    }
  }

  /// It is not read to its end for nothing.
  @Test func aRowThatMayNotBeStoredEndsTheRun() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        """
        CREATE TABLE sales AS SELECT i AS id, timestamp '2026-03-14' + i * interval '1 minute' AS at
        FROM generate_series(1, 100) AS i
        """,
        "ALTER TABLE sales ADD PRIMARY KEY (id)", "ANALYZE sales")
      try project.write(
        "jobs/copy.yaml",
        """
        version: 1
        job: copy
        timezone: UTC
        interval: {span: day}
        source:
          connection: db
          table: sales
          where: at >= ${window.start} AND at < ${window.end}
          chunk: {by: key, column: id, rows: 10}
        process:
          - derive: {day: "CASE WHEN id = 3 THEN date '2020-01-01' ELSE at::date END"}
          - select: [id, day]
        store:
          - table: {connection: db, name: result, mode: replace_window, window: day, create: true}

        """)
      let run = try await project.run(["run", "copy", "--for", "2026-03-14"])
      #expect(run.status == 4 && run.output.contains("outside_window"), "\(run.output)")
      #expect(!run.output.contains("once all are read"), "\(run.output)")
    }
  }
}
