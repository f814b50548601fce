internal import Model

/// How far a server's history has come: on which timeline, and to which place of its write-ahead log.
///
/// A server that is put back from a copy of its disk or from a backup, and a standby that takes another's place, keep the
/// system identifier, and may number transactions a second time.
package struct ServerPlace: Hashable, Sendable {
  /// `nil` of a standby, which follows whatever comes.
  package var timeline: String?
  /// In bytes from the beginning.
  package var log: Int64

  package init(timeline: String?, log: Int64) {
    self.timeline = timeline
    self.log = log
  }
}

extension Connection {
  /// - Returns: `nil` where the server does not say, as one without a log of its own.
  func place(_ session: SessionSettings) async throws -> ServerPlace? {
    do {
      let row = try await transaction(.reading(session)) { connection in
        try await connection.query(
          """
          SELECT CASE WHEN pg_is_in_recovery() THEN NULL
              ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline,
            CAST(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END
              - CAST('0/0' AS pg_lsn) AS bigint) AS log
          """
        ).onlyRow
      }
      return ServerPlace(timeline: row[0], log: Int64(try row.integer("log")))
    } catch let fault as Fault where !fault.isTransient && isOpen && fault.kind != .interrupted {
      return nil
    }
  }
}
