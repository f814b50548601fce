package import Model

/// How far one sink of a run has come.
package struct SinkMark: Hashable, Sendable {
  package var sink: String
  package var resultHash: String
  package var rowCount: Int
  /// What is still to do for the sink once it has committed; null for nothing.
  package var details: JSONValue
  package var preparedAt: Instant
  package var committedAt: Instant?

  /// Details of a sink that has, or is about to have, chunks of a result whose rest is to come.
  package static let byChunk = JSONValue.object([.init("per_chunk", .boolean(true))])

  package var isByChunk: Bool { committedAt == nil && details == SinkMark.byChunk }
}

extension Store {
  /// Records that a sink holds everything that its commit needs. Preparing anew replaces the mark.
  /// - Throws: `Fault` `already_committed` if the sink has committed, `fenced`.
  package func markPrepared(
    sink: String, resultHash: String, rowCount: Int, details: JSONValue = .null, for ownership: Ownership
  ) async throws {
    try await database.transaction(.write(.sinkPrepared)) { tx in
      let run = try await fence(ownership, tx)
      let written = try await tx.run(
        """
        INSERT INTO sinks (run_id, sink, result_hash, row_count, details, prepared_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (run_id, sink) DO UPDATE SET result_hash = excluded.result_hash,
          row_count = excluded.row_count, details = excluded.details, prepared_at = excluded.prepared_at
        WHERE sinks.committed_at IS NULL
        """,
        [
          .text(run.id.text), .text(sink), .text(resultHash), .integer(rowCount), .json(details),
          .instant(try await tx.now()),
        ])
      guard written == 1 else {
        throw Fault(
          "already_committed", .conflict, "The sink `\(sink)` of run \(run.id) has published already")
      }
    }
  }

  /// Records that sinks have published; from the first one on a run only goes forward.
  /// - Throws: `Fault` `not_prepared`, `fenced`.
  package func markCommitted(sinks: [String], for ownership: Ownership) async throws {
    try await database.transaction(.write(.sinkCommitted)) { tx in
      let run = try await fence(ownership, tx)
      let now = try await tx.now()
      for sink in sinks {
        let marked = try await tx.run(
          "UPDATE sinks SET committed_at = COALESCE(committed_at, $3) WHERE run_id = $1 AND sink = $2",
          [.text(run.id.text), .text(sink), .instant(now)])
        guard marked == 1 else {
          throw Fault("not_prepared", .internal, "The sink `\(sink)` of run \(run.id) was never prepared")
        }
      }
    }
  }

  /// Forgets the details of sinks: nothing is left to do for them.
  /// - Throws: `Fault` `fenced`.
  package func markSettled(sinks: [String], for ownership: Ownership) async throws {
    try await database.transaction(.write(.sinkSettled)) { tx in
      let run = try await fence(ownership, tx)
      for sink in sinks {
        try await tx.run(
          "UPDATE sinks SET details = $3 WHERE run_id = $1 AND sink = $2",
          [.text(run.id.text), .text(sink), .json(.null)])
      }
    }
  }

  package func sinkMarks(of run: RunID) async throws -> [SinkMark] {
    try await database.transaction(.read) { tx in
      try await tx.rows("SELECT * FROM sinks WHERE run_id = $1 ORDER BY sink", [.text(run.text)])
        .map { row in
          SinkMark(
            sink: try row.text("sink"), resultHash: try row.text("result_hash"),
            rowCount: try row.int("row_count"), details: try row.json("details"),
            preparedAt: try row.instant("prepared_at"),
            committedAt: try row.ifPresent("committed_at") { row, name throws(Fault) in
              try row.instant(name)
            })
        }
    }
  }
}
