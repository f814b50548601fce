package import Model

extension Store {
  /// One block, decompressed and checked; `nil` behind the last one. Reading block by block keeps
  /// a merge's memory flat.
  /// - Throws: `Fault` `damaged_block`, naming run, part and block.
  package func readBlock(_ run: RunID, _ kind: BlockKind, part: Int, index: Int) async throws -> [UInt8]? {
    let frame = try await database.transaction(.read) { tx in
      try await tx.row(
        "SELECT frame FROM blocks WHERE run_id = $1 AND kind = $2 AND part = $3 AND block = $4",
        [.text(run.text), .text(kind.rawValue), .integer(part), .integer(index)]
      )?.bytes("frame")
    }
    guard let frame else { return nil }
    do throws(BlockFrame.Damage) {
      return try BlockFrame.decode(frame)
    } catch {
      let place =
        switch kind {
        case .plan: "the plan"
        case .partial: "chunk \(part)"
        case .result: "result \(part)"
        }
      throw Fault(
        "damaged_block", .data, "Block \(index) of \(place) of run \(run) \(error.reason)",
        hint: kind == .partial
          ? "Drop the chunk to have it processed again" : "run `tidemark state check`")
    }
  }

  /// A block of a finished chunk's partial.
  package func readBlock(_ run: RunID, chunk: ChunkID, index: Int) async throws -> [UInt8]? {
    try await readBlock(run, .partial, part: chunk.number, index: index)
  }

  /// Saves one block of the merged result, under the result's number (one per grouping set or
  /// output, as the caller counts them). Saving the same block again replaces it.
  /// - Throws: `Fault` `fenced`, `block_too_large`.
  package func saveResultBlock(_ block: [UInt8], result: Int, index: Int, for ownership: Ownership)
    async throws
  {
    let frame = try BlockFrame.encode(block)
    try await database.transaction(.write(.saveResultBlock)) { tx in
      let run = try await fence(ownership, tx)
      try await tx.run(
        """
        INSERT INTO blocks (run_id, kind, part, block, frame) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (run_id, kind, part, block) DO UPDATE SET frame = excluded.frame
        """,
        [
          .text(run.id.text), .text(BlockKind.result.rawValue), .integer(result), .integer(index),
          .bytes(frame),
        ])
    }
  }

  /// Drops all blocks of a kind, for instance the result of a merge that begins anew.
  /// - Throws: `Fault` `fenced`.
  package func dropBlocks(_ kind: BlockKind, for ownership: Ownership) async throws {
    try await database.transaction(.write(.dropBlocks)) { tx in
      let run = try await fence(ownership, tx)
      try await tx.run(
        "DELETE FROM blocks WHERE run_id = $1 AND kind = $2", [.text(run.id.text), .text(kind.rawValue)])
    }
  }

  func replaceBlocks(
    _ run: RunID, _ kind: BlockKind, part: Int, _ frames: [[UInt8]], _ tx: any StateTransaction
  ) async throws {
    let key: [StateValue] = [.text(run.text), .text(kind.rawValue), .integer(part)]
    try await tx.run("DELETE FROM blocks WHERE run_id = $1 AND kind = $2 AND part = $3", key)
    for (index, frame) in frames.enumerated() {
      try await tx.run(
        "INSERT INTO blocks (run_id, kind, part, block, frame) VALUES ($1, $2, $3, $4, $5)",
        key + [.integer(index), .bytes(frame)])
    }
  }
}
