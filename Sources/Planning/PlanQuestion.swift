package import Model

/// One thing the planner must know of a database before it can go on.
package enum PlanQuestion: Hashable, Sendable {
  case server(connection: String)
  case relation(connection: String, QualifiedName, place: Place)
  /// The result columns of a SELECT, found by preparing it. `place` is where the SQL stands.
  case columns(connection: String, SQLText, place: Place)
  case estimate(connection: String, SQLText)
  /// The rows of a query, as text; `nil` is NULL.
  case rows(connection: String, SQLText)
  /// The header of a CSV file.
  case fileHeader(path: String, place: Place)
}

/// The answer to one question.
package enum PlanAnswer: Hashable, Sendable {
  case server(ServerFacts)
  case relation(TableFacts)
  case columns([ColumnSchema])
  case estimate(QueryEstimate)
  case rows([[String?]])
  case fileHeader([String])
}

/// What planning must know of a server.
package struct ServerFacts: Hashable, Sendable {
  /// As `server_version_num`: 150004.
  package var version: Int
  /// Tells databases apart, of one server too, and in which schemas names without one are looked for; part of the
  /// fingerprint.
  package var database: String

  package init(version: Int, database: String) {
    self.version = version
    self.database = database
  }
}
