package import Model

/// Keeps one picture of a database alive, for several connections to read by.
///
/// The tables are locked (`ACCESS SHARE`, partitions included) before the snapshot is taken:
/// TRUNCATE and table rewrites do not keep to snapshots, and the lock holds them off. The snapshot
/// lives as long as this holder or anybody who imported it has a transaction open.
package final class SnapshotHolder: Sendable {
  package let snapshot: SnapshotID
  /// `pg_current_snapshot()` as text: which transactions the snapshot sees.
  package let visibility: String
  package let server: ServerIdentity
  /// Where the server was just before.
  package let place: ServerPlace?

  private let connection: Connection
  private let lockable: [QualifiedName]

  /// Connects, opens a `REPEATABLE READ READ ONLY` transaction, locks and exports.
  /// - Throws: `unknown_table`, and what connecting and locking throw: with a lock timeout in
  ///   `session`, a table that somebody changes is `lock_not_available` (transient).
  package static func open(
    _ settings: ConnectionSettings, session: SessionSettings, locking tables: [QualifiedName]
  ) async throws -> SnapshotHolder {
    let connection = try await Connection.open(settings)
    do {
      // In a transaction of its own, since looking takes a snapshot, and locks come before that.
      let kinds = try await connection.transaction(.reading(session)) { connection in
        try await Self.kinds(of: tables, connection)
      }
      let lockable = tables.filter { ["r", "p", "v"].contains(kinds[$0]) }
      let place = try await connection.place(session)
      try await connection.begin(.reading(session))
      try await connection.lock(lockable, waits: true)
      // LOCK does not take these; being used in a query locks them as well.
      for table in tables where kinds[table] == "m" {
        try await connection.query("SELECT FROM \(table) LIMIT 0")
      }
      return try await SnapshotHolder(connection, lockable, place)
    } catch {
      await connection.close()
      throw error
    }
  }

  private init(
    _ connection: Connection, _ lockable: [QualifiedName], _ place: ServerPlace?
  ) async throws {
    let row = try await connection.query(
      "SELECT pg_export_snapshot() AS id, pg_current_snapshot() AS visible"
    ).onlyRow
    snapshot = SnapshotID(try row.string("id"))
    visibility = try row.string("visible")
    server = try await connection.serverIdentity()
    self.connection = connection
    self.lockable = lockable
    self.place = place
  }

  /// A connection of its own, in an open transaction that reads by this snapshot, with the tables
  /// locked. Closing it ends the transaction.
  /// - Throws: `connection_lost` (transient) where the holder's own connection is gone, and with it
  ///   perhaps the snapshot; `ddl_waiting` (transient) where a schema change waits for one of the tables, since
  ///   waiting behind it would be waiting for ourselves; `another_server` (transient) where the
  ///   connection reached a server that does not have the snapshot.
  package func importing(
    _ settings: ConnectionSettings, session: SessionSettings
  ) async throws -> Connection {
    let worker = try await Connection.open(settings)
    do {
      var options = TransactionOptions.reading(session)
      options.snapshot = snapshot
      do {
        try await worker.begin(options)
      } catch let fault as Fault where Self.importFaults.contains(fault.code) {
        // A holder that does not answer any more throws its own fault here.
        try await connection.query("SELECT 1")
        throw anotherServer(settings, cause: fault.cause)
      }
      try await worker.lock(lockable, waits: false)
      // Servers number their snapshots alike: another one may well have one of this name.
      if try await worker.serverIdentity() != server { throw anotherServer(settings, cause: nil) }
      return worker
    } catch {
      await worker.close()
      throw error
    }
  }

  /// Asks within the snapshot.
  @discardableResult
  package func query(_ sql: SQLText, _ parameters: [StatementParameter] = []) async throws -> QueryResult {
    try await connection.query(sql, parameters)
  }

  /// Works over the connection that holds the snapshot, in its transaction.
  package func ask<Output: Sendable>(
    _ body: @Sendable (Connection) async throws -> Output
  ) async throws -> Output {
    try await body(connection)
  }

  package var isOpen: Bool {
    get async { await connection.isOpen }
  }

  /// Gives up the snapshot, with the locks that were taken for it.
  package func close() async {
    await connection.close()
  }

  /// What versions 13 to 18 say to the name of a snapshot that they do not have.
  private static let importFaults: Set<String> = [
    "bad_value", "wrong_state", "unknown_object", "not_supported",
  ]

  private func anotherServer(_ settings: ConnectionSettings, cause: String?) -> Fault {
    Fault(
      "another_server", .connection,
      "The connection `\(settings.name)` does not always reach the same server",
      cause: cause,
      hint:
        "A snapshot is of one server: let the connection string name one host, not a balancer over several",
      isTransient: true)
  }

  private static func kinds(
    of tables: [QualifiedName], _ connection: Connection
  ) async throws -> [QualifiedName: String] {
    var kinds: [QualifiedName: String] = [:]
    for table in tables {
      let rows = try await connection.query(
        "SELECT relkind FROM pg_class WHERE oid = to_regclass($1)", [.text(table.quoted)]
      ).rows
      guard let row = rows.first else {
        throw Fault(
          "unknown_table", .notFound,
          "There is no table `\(table)` on connection `\(connection.settings.name)`")
      }
      kinds[table] = try row.string("relkind")
    }
    return kinds
  }
}

extension Connection {
  /// Keeps others from changing the tables' form until the transaction ends.
  fileprivate func lock(_ tables: [QualifiedName], waits: Bool) async throws {
    if tables.isEmpty { return }
    let list = tables.map { $0.quoted }.joined(separator: ", ")
    do {
      try await execute("LOCK TABLE \(SQLText(trusted: list)) IN ACCESS SHARE MODE\(waits ? "" : " NOWAIT")")
    } catch var fault as Fault where !waits && fault.code == "lock_not_available" {
      fault.code = "ddl_waiting"
      fault.sentence = "A schema change waits for a table that is being read (connection `\(settings.name)`)"
      fault.hint = "It goes on by itself once the change is done or given up"
      throw fault
    }
  }
}
