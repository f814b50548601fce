import CaseFiles
import Model
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

  /// A file of `fixtures/endtoend`.
  static func text(_ name: String) throws -> String {
    try Checkout.text("fixtures/endtoend/\(name)")
  }
}

/// A whole aggregation and the query that answers the same.
struct Aggregation: Sendable, CustomTestStringConvertible {
  var name: String
  /// The lines under `aggregate:`.
  var job: String
  var query: String

  var testDescription: String { name }

  /// The aggregations of a file: `== name`, the job's lines, `--`, the query.
  static func read(_ name: String) throws -> [Aggregation] {
    try OracleCase.text(name).split(separator: "\n== ").dropFirst().map { part in
      let lines = part.split(separator: "\n", omittingEmptySubsequences: false)
      let middle = try #require(lines.firstIndex(of: "--"))
      return Aggregation(
        name: String(lines[0]), job: lines[1..<middle].joined(separator: "\n"),
        query: lines[(middle + 1)...].joined(separator: "\n"))
    }
  }

  /// Measures by keys; a measure of number n is named `mn`.
  static func of(_ measures: [OracleCase], by keys: [OracleCase], table: String) -> Aggregation {
    let groups =
      keys.isEmpty ? "" : " GROUP BY " + keys.map { "\(table).\($0.expression)" }.joined(separator: ", ")
    let columns =
      keys.map { "\($0.sql) AS \($0.expression)" } + measures.enumerated().map { "\($1.sql) AS m\($0)" }
    return Aggregation(
      name: "by \(keys.map(\.expression))",
      job: """
        group_by: [\(keys.map(\.expression).joined(separator: ", "))]
        measures:
        \(measures.enumerated().map { "  m\($0): \"\($1.expression)\"" }.joined(separator: "\n"))
        """, query: "SELECT \(columns.joined(separator: ", ")) FROM \(table)\(groups)")
  }
}
