package import Model
package import Postgres
internal import Runtime

/// A publish that stands before its COMMIT: its rows are in the table, and nobody else sees them yet.
///
/// Its transaction is open on its publisher's connection, which nothing else may use until `commit` or `abandon`.
package struct OpenPublication {
  let connection: Connection
  let ledger: PublicationLedger
  let rows: Int64
  let deleted: Int64

  /// - Parameter entry: the one that it was opened with, by now with all that is known of the result.
  /// - Throws: as `TablePublisher.publish`; the transaction is over then, committed or not.
  package func commit(_ entry: LedgerEntry) async throws -> PublishOutcome {
    do {
      try Failpoint.hit(.publishMiddle)
      try await connection.execute(ledger.complete(entry, rows: rows, deleted: deleted))
    } catch {
      await connection.rollback()
      throw error
    }
    try await connection.commit()
    return .published(rows: rows, deleted: deleted)
  }

  /// Leaves the target as it was.
  package func abandon() async {
    await connection.rollback()
  }
}

extension TablePublisher {
  /// Begins to publish a result that is only made now: the server stores its first rows while the last ones are
  /// merged.
  /// - Parameters:
  ///   - publication: its entry without a hash.
  ///   - make: writes the result in the form that COPY takes.
  /// - Returns: `nil` where this revision was published before, by whom only the result's hash can tell; nothing is
  ///   made then.
  /// - Throws: as `publish`, or what `make` throws; nothing is open then.
  package nonisolated(nonsending) func open<Made>(
    _ publication: TablePublication, token: FencingToken,
    make: (CopyWriter) async throws -> Made
  ) async throws -> (publication: OpenPublication, made: Made)? {
    try await endLost(publication.entry, token)
    try await connection.begin(.writing(session))
    do {
      guard try await enter([publication], token: token) == [true] else {
        await connection.rollback()
        return nil
      }
      let ready = try await makeReady(publication)
      var made: Made?
      var isMade = true
      let rows: Int64
      do {
        rows = try await fill(ready) { writer in
          isMade = false
          made = try await make(writer)
          isMade = true
        }
      } catch let fault as Fault where isMade {
        // What the result's making fails on is none of the target's.
        throw fault.at(publication.target.place)
      }
      guard let made else { throw TablePublisher.noResult }
      if ready.isNew { try await addKey(publication, ready.statements) }
      return (
        OpenPublication(connection: connection, ledger: ledger, rows: rows, deleted: ready.deleted), made
      )
    } catch {
      await connection.rollback()
      throw error
    }
  }

  static var noResult: Fault { Fault("no_result", .internal, "A COPY ended without a result") }
}
