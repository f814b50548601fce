package import Model

/// What one finished chunk leaves, to be made durable at once.
package struct Checkpoint: Sendable {
  package var chunk: ChunkID
  /// The partial, in order: one sorted run, or rows in no order.
  package var blocks: ChunkBlocks
  package var rejections: ChunkRejections
  package var counts: RowCounts
  /// What a later resume needs to prove the chunk untouched.
  package var proof: JSONValue
  package var event: EventDraft?

  package init(
    chunk: ChunkID, blocks: ChunkBlocks, rejections: ChunkRejections = .memory([]), counts: RowCounts,
    proof: JSONValue = .null, event: EventDraft? = nil
  ) {
    self.chunk = chunk
    self.blocks = blocks
    self.rejections = rejections
    self.counts = counts
    self.proof = proof
    self.event = event
  }
}

/// A chunk that is done.
package struct ChunkRecord: Sendable {
  package var chunk: ChunkID
  package var blocks: Int
  package var counts: RowCounts
  package var proof: JSONValue
  package var finishedAt: Instant

  init(_ row: StateRow) throws(Fault) {
    chunk = ChunkID(try row.int("chunk"))
    blocks = try row.int("blocks")
    counts = try RowCounts(row)
    proof = try row.json("proof")
    finishedAt = try row.instant("finished_at")
  }
}
