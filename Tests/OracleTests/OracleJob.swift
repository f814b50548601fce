import ProjectRig
import Testing

/// Runs one aggregation over several cuts, and holds the stored table to Postgres's own answer and the
/// files to the same bytes each time.
struct OracleJob {
  var project: TidemarkProject
  var table: String
  var aggregation: Aggregation

  private static let files = ["result.csv", "result.jsonl"]

  private func text(_ cut: Cut) -> String {
    let memory = cut.memory.map { ", memory: \($0)" } ?? ""
    return """
      version: 1
      job: oracle
      source: {connection: db, table: \(table), chunk: \(cut.chunk)}
      aggregate:
      \(aggregation.job.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
      store:
        - table: {connection: db, name: result, mode: replace, create: true, on_empty: publish}
        - file: {path: result.csv}
        - file: {path: result.jsonl, format: jsonl}
      limits: {parallelism: \(cut.parallelism)\(memory)}

      """
  }

  func check(_ cuts: [Cut]) async throws {
    try await project.sql("DROP TABLE IF EXISTS result")
    var expected: [[String]]?
    var columns: [String] = []
    var bytes: [[UInt8]]?
    for cut in cuts {
      try project.write("jobs/oracle.yaml", text(cut))
      let run = try await project.run(["run", "oracle"])
      try #require(run.status == 0, "\(aggregation.name), \(cut): \(run.output)")
      if expected == nil {
        columns = try await project.rows(
          "SELECT attname FROM pg_attribute WHERE attrelid = 'result'::regclass AND attnum > 0 ORDER BY attnum"
        ).map { $0[0] }
        expected = try await rows("(\(aggregation.query))", columns)
      }
      try expectSame(try await rows("result", columns), expected ?? [], columns, cut)
      let made = try OracleJob.files.map { try #require(try project.read("out/\($0)")) }
      if let bytes { #expect(made == bytes, "\(aggregation.name), \(cut)") }
      bytes = made
    }
  }

  private func rows(_ relation: String, _ columns: [String]) async throws -> [[String]] {
    let shown = columns.map { "\"\($0)\"::text, pg_typeof(\"\($0)\")::text" }.joined(separator: ", ")
    return try await project.rows("SELECT \(shown) FROM \(relation) AS o")
      .sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func expectSame(
    _ found: [[String]], _ expected: [[String]], _ columns: [String], _ cut: Cut
  ) throws {
    try #require(found.count == expected.count, "\(aggregation.name), \(cut): groups")
    for (left, right) in zip(found, expected) where left != right {
      for column in columns.indices
      where left[column * 2...column * 2 + 1] != right[column * 2...column * 2 + 1] {
        Issue.record(
          "\(aggregation.name), \(cut): \(columns[column]) is \(left[column * 2...column * 2 + 1]), Postgres says \(right[column * 2...column * 2 + 1]), in \(right)"
        )
      }
    }
  }
}
