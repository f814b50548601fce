package import Model

extension Store {
  /// Begins a replay: makes the finished chunks of another run this run's own, with their partials and
  /// without the rows that they rejected, which are to be processed again. Adopting again changes
  /// nothing.
  /// - Throws: `Fault` `partials_purged` where the other run's partials are not all there, `fenced`.
  package func adoptChunks(of origin: RunID, for ownership: Ownership) async throws {
    try await database.transaction(.write(.adoptChunks)) { tx in
      // The run's row comes last, as in a checkpoint: until then the lease can be renewed.
      let run = try await saved(ownership.run, tx)
      if run.totals.chunks > 0 {
        _ = try await fence(ownership, tx)
        return
      }
      let both: [StateValue] = [.text(origin.text), .text(run.id.text)]
      let from = [both[0]]
      let promised = try await tx.row(
        "SELECT CAST(COALESCE(SUM(blocks), 0) AS BIGINT) AS blocks FROM chunks WHERE run_id = $1", from
      )?.int("blocks")
      let present = try await tx.row(
        "SELECT COUNT(*) AS blocks FROM blocks WHERE run_id = $1 AND kind = 'partial'", from
      )?.int("blocks")
      guard promised == present else {
        throw Fault(
          "partials_purged", .notFound, "The partials of run \(origin) are not kept any more",
          hint: "`retention.runs` says how long they are; run the interval with --again instead")
      }
      try await tx.run(
        """
        INSERT INTO chunks (run_id, chunk, blocks, read_rows, kept, filtered, quarantined, dropped,
          read_bytes, proof, token, finished_at)
        SELECT CAST($2 AS TEXT), chunks.chunk, blocks, read_rows - COALESCE(rejected, 0), kept, filtered,
          quarantined - COALESCE(rejected, 0), dropped, read_bytes, proof, CAST($3 AS BIGINT), finished_at
        FROM chunks LEFT JOIN (
            SELECT chunk, COUNT(*) AS rejected FROM rejections WHERE run_id = $1 GROUP BY chunk
          ) AS rows ON rows.chunk = chunks.chunk
        WHERE run_id = $1
        """, both + [.integer(ownership.token.number)])
      try await tx.run(
        """
        INSERT INTO blocks (run_id, kind, part, block, frame)
        SELECT CAST($2 AS TEXT), kind, part, block, frame FROM blocks
        WHERE run_id = $1 AND kind = 'partial'
        """, both)
      _ = try await fence(ownership, tx)
      try await tx.run(
        """
        UPDATE runs SET (chunks, read_rows, kept, filtered, quarantined, dropped, read_bytes) = (
          SELECT COUNT(*), CAST(COALESCE(SUM(read_rows), 0) AS BIGINT),
            CAST(COALESCE(SUM(kept), 0) AS BIGINT), CAST(COALESCE(SUM(filtered), 0) AS BIGINT),
            CAST(COALESCE(SUM(quarantined), 0) AS BIGINT), CAST(COALESCE(SUM(dropped), 0) AS BIGINT),
            CAST(COALESCE(SUM(read_bytes), 0) AS BIGINT)
          FROM chunks WHERE chunks.run_id = $1)
        WHERE runs.run_id = $1
        """, [both[1]])
    }
  }

  /// Marks the rejected rows of a run as processed again by the run of `ownership`.
  /// - Throws: `Fault` `fenced`.
  package func markReplayed(_ run: RunID, by ownership: Ownership) async throws {
    try await database.transaction(.write(.markReplayed)) { tx in
      let replay = try await fence(ownership, tx)
      try await tx.run(
        "UPDATE rejections SET replayed_by = $2 WHERE run_id = $1 AND replayed_by IS NULL",
        [.text(run.text), .text(replay.id.text)])
    }
  }
}
