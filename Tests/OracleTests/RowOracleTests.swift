import ProjectRig
import Testing

/// Row-level results: tables hold the rows that Postgres gives, files the same bytes however the rows were cut,
/// gathered and spilled.
@Suite(.timeLimit(.minutes(5))) struct RowOracleTests {
  private static let cuts =
    [
      Cut(chunk: "{by: key, column: u, rows: 900}", parallelism: 4),
      Cut(chunk: "{by: key, column: hot, rows: 400}", parallelism: 2, memory: "1kB"),
      Cut(chunk: "{by: time, column: seen, span: 20d}", parallelism: 1),
    ] + Cut.spilling

  private func job(_ cut: Cut, _ stores: [String]) -> String {
    let memory = cut.memory.map { ", memory: \($0)" } ?? ""
    return """
      version: 1
      job: rows
      source: {connection: db, table: many_rows, chunk: \(cut.chunk)}
      process:
        - filter: money > 20 or money is null
        - derive: {gross: "round(money * 1.19, 2)", tag: "coalesce(upper(vc), '-') || id::text"}
        - select: [hot, k_text, k_num, gross, tag, k_f8, seen, u, span, k_bool]
      store:
      \(stores.map { "  - \($0)" }.joined(separator: "\n"))
      limits: {parallelism: \(cut.parallelism)\(memory)}

      """
  }

  private static let query = """
    SELECT hot, k_text, k_num, round(money * 1.19, 2) AS gross,
      coalesce(upper(vc), '-') || id::text AS tag, k_f8, seen, u, span, k_bool
    FROM many_rows WHERE money > 20 OR money IS NULL
    """

  /// The rows of a query as text, with the types of its columns.
  private func rows(_ project: TidemarkProject, _ relation: String) async throws -> [[String]] {
    try await project.rows("SELECT o::text FROM \(relation) AS o ORDER BY o::text COLLATE \"C\"")
  }

  @Test func tablesHoldTheSameRows() async throws {
    try await TidemarkProject.withManyRows { project in
      let expected = try await rows(project, "(\(Self.query))")
      for cut in Self.cuts {
        try await project.sql("DROP TABLE IF EXISTS result")
        try project.write(
          "jobs/rows.yaml", job(cut, ["table: {connection: db, name: result, mode: replace, create: true}"]))
        let run = try await project.run(["run", "rows"])
        try #require(run.status == 0, "\(cut): \(run.output)")
        #expect(try await rows(project, "result") == expected, "\(cut)")
      }
    }
  }

  /// Ordered by columns that leave ties, among them NULLs, NaN and infinities.
  @Test func filesHaveTheSameBytes() async throws {
    try await TidemarkProject.withManyRows { project in
      var bytes: [[UInt8]]?
      for cut in Self.cuts {
        try project.write(
          "jobs/rows.yaml",
          job(
            cut,
            [
              "file: {path: rows.csv, order_by: [hot, k_f8, k_num]}",
              "file: {path: rows.jsonl.gz, format: jsonl, order_by: [hot, k_f8, k_num]}",
            ]))
        let run = try await project.run(["run", "rows"])
        try #require(run.status == 0, "\(cut): \(run.output)")
        let made = try ["rows.csv", "rows.jsonl.gz"].map { try #require(try project.read("out/\($0)")) }
        if let bytes { #expect(made == bytes, "\(cut)") }
        bytes = made
      }
      // The rows are Postgres's, in its order under C, whatever is equal by the three columns.
      let text = String(decoding: try #require(bytes?.first), as: UTF8.self)
      let tags = text.split(separator: "\n").dropFirst().map { $0.split(separator: ",")[0] }
      let expected = try await project.rows(
        "SELECT hot FROM (\(Self.query)) AS o ORDER BY hot, k_f8, k_num, k_text COLLATE \"C\", gross")
      #expect(tags.count == expected.count)
      #expect(zip(tags, expected).allSatisfy { $1[0] == "NULL" || $0 == $1[0] })
    }
  }

  /// A created table takes them again, and so does one whose own columns have modifiers.
  @Test func carriedTypesKeepTheirWidth() async throws {
    try await TidemarkProject.with { project in
      let columns =
        "bits bit(3), padded char(5)[], prices numeric(10, 2)[], at time(0), codes varchar(3)[], name text COLLATE nocase"
      try await project.sql(
        "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "CREATE TABLE carried (id int PRIMARY KEY, \(columns))",
        """
        INSERT INTO carried VALUES (1, '101', '{ab,abcde}', '{1.10,NULL}', '12:34:56', '{abc}', 'Ab'),
        (2, NULL, NULL, NULL, NULL, NULL, NULL)
        """,
        "CREATE TABLE given (id int, \(columns))")
      let text = "SELECT id, bits::text, padded::text, prices::text, at::text, codes::text, name FROM"
      for target in ["made", "made", "given"] {
        try project.write(
          "jobs/carried.yaml",
          """
          version: 1
          job: carried
          source: {connection: db, table: carried}
          process: [{select: [id, bits, padded, prices, at, codes, name]}]
          store: {table: {connection: db, name: \(target), mode: replace, create: true}}

          """)
        let run = try await project.run(["run", "carried"])
        try #require(run.status == 0, "\(target): \(run.output)")
        #expect(
          try await project.rows("\(text) \(target) ORDER BY id")
            == (try await project.rows("\(text) carried ORDER BY id")))
        let types =
          "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attnum > 0 AND attrelid ="
        #expect(
          try await project.rows("\(types) '\(target)'::regclass ORDER BY attnum")
            == (try await project.rows("\(types) 'carried'::regclass ORDER BY attnum")))
      }
    }
  }
}
