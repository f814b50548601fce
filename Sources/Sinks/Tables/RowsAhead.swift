package import Model
package import Postgres
internal import Runtime

/// Rows that are in the target's database before the run is ready to publish them: in a new table under a name of its
/// own, within a transaction that only their publish commits.
///
/// Nobody sees them, and next to nobody waits for them: on what others can see the transaction holds the locks of a
/// reader alone, on the schema and on the ledger. By the latter whoever takes the run over finds this session, and
/// ends it.
package struct RowsAhead: Sendable {
  fileprivate let publisher: TablePublisher
  fileprivate let table: QualifiedName
  package let rows: Int64

  /// Leaves nothing behind.
  package func abandon() async {
    await publisher.connection.rollback()
  }

  /// Turns them into the target, as a publish that stands before its COMMIT.
  /// - Parameter publication: the one that they were stored for.
  /// - Returns: `nil` where this revision was published before, or the table has been made meanwhile; the rows are
  ///   gone then.
  /// - Throws: as `TablePublisher.publish`; the rows are gone then, too.
  package func open(
    _ publication: TablePublication, token: FencingToken
  ) async throws -> OpenPublication? {
    do {
      if let opened = try await publisher.open(publication, token: token, of: self) { return opened }
    } catch {
      await abandon()
      throw error
    }
    await abandon()
    return nil
  }
}

extension TablePublisher {
  /// Stores a result that is only made now, for a publish that comes later.
  /// - Parameters:
  ///   - publication: of a table that is to be created; its entry without a hash.
  ///   - make: writes the result in the form that COPY takes.
  /// - Returns: `nil` where that cannot be done without being in somebody's way; nothing is made then.
  /// - Throws: what the server says, or what `make` throws; nothing is left then.
  package nonisolated(nonsending) func storeAhead<Made>(
    _ publication: TablePublication, token: FencingToken, make: (CopyWriter) async throws -> Made
  ) async throws -> (ahead: RowsAhead, made: Made)? {
    try await endLost(publication.entry, token)
    try await connection.begin(.writing(session))
    do {
      guard try await mayStoreAhead(publication) else {
        await connection.rollback()
        return nil
      }
      // No other owner of the run has this token: what one that sleeps may have left is of another name.
      let name = Identifier("tidemark_\(publication.entry.run)_\(token.number)")
      var aside = publication
      aside.target.table = QualifiedName(schema: publication.target.table.schema, name: name)
      let ready = try await makeReady(aside)
      try Failpoint.hit(.aheadBegun)
      var made: Made?
      let rows = try await fill(ready) { made = try await make($0) }
      guard let made else { throw TablePublisher.noResult }
      try Failpoint.hit(.aheadStored)
      return (RowsAhead(publisher: self, table: aside.target.table, rows: rows), made)
    } catch {
      await connection.rollback()
      throw error
    }
  }

  /// Whether the revision is yet to be published, into a table that is yet to be made, in a schema that is there, and
  /// on a server where nobody reads of changes to tables by their names.
  private func mayStoreAhead(_ publication: TablePublication) async throws -> Bool {
    let entry = publication.entry
    let known = try await connection.query(
      ledger.read(identity: entry.identity.key, revision: entry.revision, sink: entry.sink))
    guard known.rows.isEmpty else { return false }
    return try await connection.query(PublishStatements.mayBeMadeAhead(publication.target.table)).onlyRow[0]
      == "t"
  }

  /// In the transaction of the rows.
  fileprivate func open(
    _ publication: TablePublication, token: FencingToken, of ahead: RowsAhead
  ) async throws -> OpenPublication? {
    guard try await enter([publication], token: token) == [true] else { return nil }
    guard try await connection.tableFacts(publication.target.table) == nil else { return nil }
    try await refuseOlderInterval(publication)
    let statements = statements(of: publication)
    do {
      try await connection.execute(statements.rename(ahead.table))
    } catch let fault as Fault where fault.code == "already_exists" || fault.code == "unique_violation" {
      // Somebody else's transaction was making it just then.
      return nil
    }
    try await addKey(publication, statements)
    try Failpoint.hit(.aheadNamed)
    return OpenPublication(
      connection: connection, ledger: ledger, rows: ahead.rows, deleted: 0)
  }
}
