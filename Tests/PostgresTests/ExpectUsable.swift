import Model
import Postgres
import Testing

/// Records an issue unless the connection still answers.
func expectUsable(_ connection: Connection, sourceLocation: SourceLocation = #_sourceLocation) async throws {
  let answer = try await connection.query("SELECT 1 AS a").onlyRow.integer("a")
  #expect(answer == 1, sourceLocation: sourceLocation)
}
