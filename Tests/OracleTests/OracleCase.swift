import Model
import ProjectRig
import Runtime
import Testing

/// An expression of Tidemark's and the SQL that Postgres is asked for in its place.
struct OracleCase: Sendable, CustomTestStringConvertible {
  var expression: String
  var sql: String

  var testDescription: String { expression }

  /// The cases of a file: one a line, `expression | sql` where the two differ.
  static func read(_ name: String) throws -> [OracleCase] {
    try text(name).split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let parts = line.split(separator: " | ", maxSplits: 1)
      return OracleCase(expression: String(parts[0]), sql: String(parts[parts.count - 1]))
    }
  }

  static func text(_ name: String) throws -> String {
    let folder = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    let bytes = try FileContents.read("\(folder)/fixtures/endtoend/\(name)", atMost: ByteCount(1 << 20))
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// One way to cut the source and to read it.
struct Cut: Sendable {
  var chunk: String
  var parallelism: Int

  static let wide: [Cut] = [
    Cut(chunk: "{by: none}", parallelism: 1),
    Cut(chunk: "{by: key, column: id, rows: 1}", parallelism: 4),
    Cut(chunk: "{by: key, column: id, rows: 7}", parallelism: 3),
    Cut(chunk: "{by: key, column: [k_text, id], rows: 13}", parallelism: 2),
    Cut(chunk: "{by: key, column: k_num, rows: 31}", parallelism: 4),
    Cut(chunk: "{by: ctid, rows: 20}", parallelism: 3),
    Cut(chunk: "{by: time, column: ts, span: 3d}", parallelism: 2),
    Cut(chunk: "{by: auto}", parallelism: 2),
  ]
  static let narrow: [Cut] = [wide[0], wide[2]]
}

/// Runs one aggregation over all cuts, and holds the stored table to Postgres's own answer and the
/// file to the same bytes each time.
struct OracleJob {
  var project: TidemarkProject
  var keys: [OracleCase]
  var measures: [OracleCase]

  private func text(_ cut: Cut) -> String {
    """
    version: 1
    job: oracle
    source: {connection: db, table: rows_of_all, chunk: \(cut.chunk)}
    aggregate:
      group_by: [\(keys.map(\.expression).joined(separator: ", "))]
      measures:
    \(measures.enumerated().map { "    m\($0): \"\($1.expression)\"" }.joined(separator: "\n"))
    store:
      - table: {connection: db, name: result, mode: replace, create: true}
      - file: {path: result.csv}
    limits: {parallelism: \(cut.parallelism)}

    """
  }

  private var columns: [String] { keys.map(\.expression) + measures.indices.map { "m\($0)" } }

  private func shown(_ names: [String]) -> String {
    names.map { "\($0)::text, pg_typeof(\($0))::text" }.joined(separator: ", ")
  }

  func check(_ cuts: [Cut]) async throws {
    try await project.sql("DROP TABLE IF EXISTS result")
    let inner =
      keys.map { "\($0.sql) AS \($0.expression)" } + measures.enumerated().map { "\($1.sql) AS m\($0)" }
    let groups =
      keys.isEmpty ? "" : " GROUP BY " + keys.map { "rows_of_all.\($0.expression)" }.joined(separator: ", ")
    let expected = try await project.rows(
      "SELECT \(shown(columns)) FROM (SELECT \(inner.joined(separator: ", ")) FROM rows_of_all\(groups)) AS o"
    ).sorted { $0.lexicographicallyPrecedes($1) }
    var bytes: [UInt8]?
    for cut in cuts {
      try project.write("jobs/oracle.yaml", text(cut))
      let run = try await project.run(["run", "oracle"])
      try #require(run.status == 0, "\(cut.chunk): \(run.output)")
      let found = try await project.rows("SELECT \(shown(columns)) FROM result")
        .sorted { $0.lexicographicallyPrecedes($1) }
      try expectSame(found, expected, cut)
      let file = try #require(try project.read("out/result.csv"))
      if let bytes { #expect(file == bytes, "\(cut.chunk), parallelism \(cut.parallelism)") }
      bytes = file
    }
  }

  private func expectSame(_ found: [[String]], _ expected: [[String]], _ cut: Cut) throws {
    try #require(found.count == expected.count, "\(cut.chunk): groups")
    for (left, right) in zip(found, expected) where left != right {
      for column in columns.indices
      where left[column * 2...column * 2 + 1] != right[column * 2...column * 2 + 1] {
        let name = column < keys.count ? keys[column].expression : measures[column - keys.count].expression
        Issue.record(
          "\(name) in \(cut.chunk), group \(right.prefix(keys.count * 2)): Tidemark \(left[column * 2...column * 2 + 1]), Postgres \(right[column * 2...column * 2 + 1])"
        )
      }
    }
  }
}
