internal import Model

/// Which server a connection has reached, and which of its databases.
package struct ServerIdentity: Hashable, Sendable {
  /// The cluster's own number, which its physical copies share. Where the role may not read it:
  /// the server's address with the database's number and name.
  package var systemIdentifier: String
  /// As text; changes with every restart, and tells a primary from its standbys.
  package var startedAt: String
  package var databaseOID: String
}

extension Connection {
  /// Asks the server who it is.
  package func serverIdentity() async throws -> ServerIdentity {
    let row = try await query(EmbeddedSQL.server).onlyRow
    let identifier: String
    if try row.boolean("may_read_identifier") {
      identifier = try await query("SELECT system_identifier AS v FROM pg_control_system()").onlyRow.string(
        "v")
    } else {
      identifier =
        try "\(row.string("address"))/\(row.string("database_oid"))/\(row.string("database_name"))"
    }
    return ServerIdentity(
      systemIdentifier: identifier, startedAt: try row.string("started_at"),
      databaseOID: try row.string("database_oid"))
  }
}
