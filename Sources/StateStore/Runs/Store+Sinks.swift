package import Model

/// What a sink's commit will make visible.
package struct PreparedSink: Hashable, Sendable {
  package var sink: String
  package var resultHash: String
  package var rowCount: Int
  /// As `SinkMark.details`.
  package var details: JSONValue

  package init(sink: String, resultHash: String, rowCount: Int, details: JSONValue = .null) {
    self.sink = sink
    self.resultHash = resultHash
    self.rowCount = rowCount
    self.details = details
  }
}

/// How far one sink of a run has come.
package struct SinkMark: Hashable, Sendable {
  package var sink: String
  package var resultHash: String
  package var rowCount: Int
  /// What is still to do for the sink once it has committed; null for nothing.
  package var details: JSONValue
  package var preparedAt: Instant
  package var committedAt: Instant?

  /// In the details of a sink that has, or is about to have, chunks of a result whose rest is to come.
  package static let byChunk = JSONValue.Member("per_chunk", .boolean(true))

  /// The same, in SQL.
  static let byChunkPattern = "%\(JSONValue.object([byChunk]).text.dropFirst().dropLast())%"

  package var isByChunk: Bool { committedAt == nil && isOfChunks }

  /// It has, or is about to have, chunks, whether or not the run that brings them is over.
  package var isOfChunks: Bool { details[SinkMark.byChunk.name] == SinkMark.byChunk.value }
}

extension Store {
  /// Records, all or nothing, that sinks hold everything that their commits need, and what the run is to go by once
  /// one of them has committed, whatever becomes of the job file and the source by then. Preparing anew replaces both.
  /// - Parameter commitment: `nil` leaves what was saved before.
  /// - Throws: `Fault` `already_committed` if one of the sinks has committed, `fenced`.
  package func markPrepared(
    _ sinks: [PreparedSink], commitment: [UInt8]?, for ownership: Ownership
  ) async throws {
    let frames = try commitment.map { bytes throws(Fault) in try BlockFrame.frames(of: bytes) }
    try await database.transaction(.write(.sinkPrepared)) { tx in
      let run = try await fence(ownership, tx)
      if let frames { try await replaceBlocks(run.id, .commitment, part: 0, .memory(frames), tx) }
      let now = try await tx.now()
      for sink in sinks {
        let written = try await tx.run(
          """
          INSERT INTO sinks (run_id, sink, result_hash, row_count, details, prepared_at)
          VALUES ($1, $2, $3, $4, $5, $6)
          ON CONFLICT (run_id, sink) DO UPDATE SET result_hash = excluded.result_hash,
            row_count = excluded.row_count, details = excluded.details, prepared_at = excluded.prepared_at
          WHERE sinks.committed_at IS NULL
          """,
          [
            .text(run.id.text), .text(sink.sink), .text(sink.resultHash), .integer(sink.rowCount),
            .json(sink.details), .instant(now),
          ])
        guard written == 1 else {
          throw Fault(
            "already_committed", .conflict, "The sink `\(sink.sink)` of run \(run.id) has published already")
        }
      }
    }
  }

  /// Records that sinks have published; from the first one on a run only goes forward.
  /// - Throws: `Fault` `not_prepared`, `fenced`.
  package func markCommitted(sinks: [String], for ownership: Ownership) async throws {
    try await database.transaction(.write(.sinkCommitted)) { tx in
      let run = try await fence(ownership, tx)
      try await markCommitted(sinks, of: run.id, try await tx.now(), tx)
    }
  }

  private func markCommitted(
    _ sinks: [String], of run: RunID, _ now: Instant, _ tx: any StateTransaction
  ) async throws {
    for sink in sinks {
      let marked = try await tx.run(
        "UPDATE sinks SET committed_at = COALESCE(committed_at, $3) WHERE run_id = $1 AND sink = $2",
        [.text(run.text), .text(sink), .instant(now)])
      guard marked == 1 else {
        throw Fault("not_prepared", .internal, "The sink `\(sink)` of run \(run) was never prepared")
      }
    }
  }

  /// Records of a run that is given up that the chunks which it has published stay: by that the next run knows that it is
  /// a new revision. A chunk whose answer was lost may be there as well.
  func keepChunks(of run: RunID, _ now: Instant, _ tx: any StateTransaction) async throws {
    try await markCommitted(
      try await sinkMarks(of: run, tx).filter(\.isByChunk).map(\.sink), of: run, now, tx)
  }

  /// Forgets the sinks of a run that is given up which were to have chunks, and have none: it has left nothing there.
  /// Also where its owner has ended it meanwhile, and has kept them.
  /// - Parameter held: those that have some.
  package func forgetChunks(of run: RunID, except held: Set<String>) async throws {
    try await database.transaction(.write(.forgetChunks)) { tx in
      for mark in try await sinkMarks(of: run, tx) where mark.isOfChunks && !held.contains(mark.sink) {
        // A whole result has a hash.
        try await tx.run(
          "DELETE FROM sinks WHERE run_id = $1 AND sink = $2 AND result_hash = ''",
          [.text(run.text), .text(mark.sink)])
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

  /// The sinks that some run of the identity has committed.
  package func committedSinks(of identity: RunIdentity) async throws -> Set<String> {
    let key = try identity.checkedKey()
    return try await database.transaction(.read) { tx in
      Set(
        try await tx.rows(
          """
          SELECT DISTINCT sink FROM sinks JOIN runs ON runs.run_id = sinks.run_id
          WHERE runs.identity = $1 AND committed_at IS NOT NULL
          """, [.text(key)]
        ).map { try $0.text("sink") })
    }
  }

  /// Whether some stores hold a run's result, or are to hold chunks of it: it has begun to replace what was there.
  package func hasBegunToPublish(_ run: RunID) async throws -> Bool {
    try await sinkMarks(of: run).contains { $0.committedAt != nil || $0.isByChunk }
  }

  package func sinkMarks(of run: RunID) async throws -> [SinkMark] {
    try await database.transaction(.read) { tx in try await sinkMarks(of: run, tx) }
  }

  private func sinkMarks(of run: RunID, _ tx: any StateTransaction) async throws -> [SinkMark] {
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
