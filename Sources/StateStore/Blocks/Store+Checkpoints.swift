package import Model

extension Store {
  /// Saves the plan of a run, before its first chunk. Saving again replaces it, and drops the
  /// finished chunks of the plan before if the fingerprint differs.
  /// - Throws: `Fault` `fenced`, `plan_too_large` over 1 GiB.
  package func savePlan(_ bytes: [UInt8], fingerprint: String, for ownership: Ownership) async throws {
    guard bytes.count <= 1 << 30 else {
      throw Fault(
        "plan_too_large", .resource, "The plan has \(bytes.count) bytes, more than 1 GiB",
        hint: "Use larger chunks")
    }
    let frames = try BlockFrame.frames(of: bytes)
    let run = ownership.run
    try await database.transaction(.write(.savePlan)) { tx in
      // The run's row comes last, as in a checkpoint: until then the lease can be renewed.
      var dropped = (chunks: 0, rows: RowCounts())
      if let old = try await saved(run, tx).fingerprint, old != fingerprint {
        dropped = try await deleteChunks(run, tx)
      }
      try await replaceBlocks(run, .plan, part: 0, .memory(frames), tx)
      try await addToTotals(ownership, chunks: -dropped.chunks, RowCounts() - dropped.rows, tx)
      try await tx.run(
        "UPDATE runs SET fingerprint = $2 WHERE run_id = $1", [.text(run.text), .text(fingerprint)])
    }
  }

  /// The plan's bytes, or `nil` if none has been saved.
  /// - Throws: `Fault` `damaged_block`.
  package func plan(of run: RunID) async throws -> [UInt8]? {
    guard try await self.run(run)?.fingerprint != nil else { return nil }
    return try await readBlocks(run, .plan)
  }

  /// Makes a chunk's result durable: blocks, rejected rows, counts and the checkpoint, in one
  /// fenced transaction. Writing the same chunk again replaces all of it.
  /// - Returns: the run's totals with this chunk in them, exact however many chunks are saved at
  ///   the same time: of all checkpoints that pass a limit, one is the first to see it passed.
  /// - Throws: `Fault` `fenced`, `block_too_large`.
  @discardableResult
  package func checkpoint(_ checkpoint: Checkpoint, for ownership: Ownership) async throws -> RunTotals {
    // Compressed here, on the caller's thread: the database's is for the transaction.
    let frames = try checkpoint.blocks.framed()
    let run = ownership.run
    let chunk = StateValue.integer(checkpoint.chunk.number)
    return try await database.transaction(.write(.checkpoint)) { tx in
      let now = try await tx.now()
      // The run's row comes last: until then checkpoints of other chunks need not wait for this.
      let replaced = try await deleteChunk(run, checkpoint.chunk, tx)
      try await replaceBlocks(run, .partial, part: checkpoint.chunk.number, frames, tx)
      var pages = try checkpoint.rejections.reader()
      var number = 0
      while let page = try pages.next() {
        try await tx.runEach(
          """
          INSERT INTO rejections (run_id, chunk, number, ordinal, row_key, step, broken, row_text)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
          """,
          page.enumerated().map { index, rejection in
            [.text(run.text), chunk, .integer(number + index)] + rejection.values
          })
        number += page.count
      }
      try await tx.run(
        """
        INSERT INTO chunks (run_id, chunk, blocks, read_rows, kept, filtered, quarantined, dropped,
          read_bytes, proof, token, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        [.text(run.text), chunk, .integer(checkpoint.blocks.count)] + checkpoint.counts.values
          + [.json(checkpoint.proof), .integer(ownership.token.number), .instant(now)])
      let totals = try await addToTotals(
        ownership, chunks: replaced == nil ? 1 : 0, checkpoint.counts - (replaced ?? RowCounts()), tx)
      if let event = checkpoint.event { try await append(event, to: run, now, tx) }
      return totals
    }
  }

  /// The chunks that are done, by number.
  package func finishedChunks(of run: RunID) async throws -> [ChunkRecord] {
    try await database.transaction(.read) { tx in
      try await tx.rows("SELECT * FROM chunks WHERE run_id = $1 ORDER BY chunk", [.text(run.text)])
        .map(ChunkRecord.init)
    }
  }

  /// A chunk that is done; `nil` for one that is not.
  package func finishedChunk(_ chunk: ChunkID, of run: RunID) async throws -> ChunkRecord? {
    try await database.transaction(.read) { tx in
      try await tx.row(
        "SELECT * FROM chunks WHERE run_id = $1 AND chunk = $2", [.text(run.text), .integer(chunk.number)]
      ).map(ChunkRecord.init)
    }
  }

  /// Forgets finished chunks, so that they are processed again.
  /// - Parameters:
  ///   - chunks: `nil` for all of them.
  ///   - event: why, for the audit trail.
  /// - Throws: `Fault` `fenced`.
  package func dropChunks(
    _ chunks: [ChunkID]?, for ownership: Ownership, event: EventDraft? = nil
  ) async throws {
    let run = ownership.run
    try await database.transaction(.write(.dropChunks)) { tx in
      var dropped = (chunks: 0, rows: RowCounts())
      if let chunks {
        for chunk in chunks {
          guard let counts = try await deleteChunk(run, chunk, tx) else { continue }
          try await replaceBlocks(run, .partial, part: chunk.number, .memory([]), tx)
          dropped = (dropped.chunks + 1, dropped.rows + counts)
        }
      } else {
        dropped = try await deleteChunks(run, tx)
      }
      try await addToTotals(ownership, chunks: -dropped.chunks, RowCounts() - dropped.rows, tx)
      if let event { try await append(event, to: run, try await tx.now(), tx) }
    }
  }

  /// The run as it is, without its row's lock.
  func saved(_ run: RunID, _ tx: any StateTransaction) async throws -> RunRecord {
    guard let row = try await tx.row("SELECT * FROM runs WHERE run_id = $1", [.text(run.text)]) else {
      throw Store.missing(run)
    }
    return try RunRecord(row)
  }

  /// Deletes all finished chunks of a run, and tells what they had counted.
  private func deleteChunks(
    _ run: RunID, _ tx: any StateTransaction
  ) async throws -> (chunks: Int, rows: RowCounts) {
    let key: [StateValue] = [.text(run.text)]
    try await tx.run("DELETE FROM rejections WHERE run_id = $1", key)
    try await tx.run("DELETE FROM blocks WHERE run_id = $1 AND kind = 'partial'", key)
    let counts = try await tx.rows(
      """
      DELETE FROM chunks WHERE run_id = $1
      RETURNING read_rows, kept, filtered, quarantined, dropped, read_bytes
      """, key
    ).map(RowCounts.init)
    return (counts.count, counts.reduce(RowCounts(), +))
  }

  /// - Returns: the counts that the chunk had, or `nil` if there was none.
  private func deleteChunk(_ run: RunID, _ chunk: ChunkID, _ tx: any StateTransaction) async throws
    -> RowCounts?
  {
    let key: [StateValue] = [.text(run.text), .integer(chunk.number)]
    try await tx.run("DELETE FROM rejections WHERE run_id = $1 AND chunk = $2", key)
    return try await tx.row(
      """
      DELETE FROM chunks WHERE run_id = $1 AND chunk = $2
      RETURNING read_rows, kept, filtered, quarantined, dropped, read_bytes
      """, key
    ).map(RowCounts.init)
  }

  /// The fence of a transaction that has written much before.
  @discardableResult
  private func addToTotals(
    _ ownership: Ownership, chunks: Int, _ rows: RowCounts, _ tx: any StateTransaction
  ) async throws -> RunTotals {
    let run = try await fence(ownership, tx)
    guard
      let row = try await tx.row(addToTotalsSQL, [.text(run.id.text), .integer(chunks)] + rows.values)
    else { throw Store.missing(run.id) }
    return try RunTotals(row)
  }
}

private let addToTotalsSQL: StaticString = """
  UPDATE runs SET chunks = chunks + $2, read_rows = read_rows + $3, kept = kept + $4,
    filtered = filtered + $5, quarantined = quarantined + $6, dropped = dropped + $7,
    read_bytes = read_bytes + $8
  WHERE run_id = $1
  RETURNING chunks, read_rows, kept, filtered, quarantined, dropped, read_bytes
  """

extension RowCounts {
  static func - (left: RowCounts, right: RowCounts) -> RowCounts {
    var difference = left
    difference.read -= right.read
    difference.kept -= right.kept
    difference.filtered -= right.filtered
    difference.quarantined -= right.quarantined
    difference.dropped -= right.dropped
    difference.bytes -= right.bytes
    return difference
  }
}
