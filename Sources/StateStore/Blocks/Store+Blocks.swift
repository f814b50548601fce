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
        case .commitment: "the saved job"
        }
      throw Fault(
        "damaged_block", .data, "Block \(index) of \(place) of run \(run) \(error.reason)",
        hint: kind == .partial
          ? "The chunk is computed again when the run goes on" : "Run `tidemark state check`")
    }
  }

  /// A block of a finished chunk's partial.
  package func readBlock(_ run: RunID, chunk: ChunkID, index: Int) async throws -> [UInt8]? {
    try await readBlock(run, .partial, part: chunk.number, index: index)
  }

  /// What the run is to go by once a sink has committed, as `markPrepared` saved it; empty if nothing was.
  /// - Throws: `Fault` `damaged_block`.
  package func commitment(of run: RunID) async throws -> [UInt8] {
    try await readBlocks(run, .commitment)
  }

  /// All blocks of part 0, as one.
  func readBlocks(_ run: RunID, _ kind: BlockKind) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    var index = 0
    while let block = try await readBlock(run, kind, part: 0, index: index) {
      bytes += block
      index += 1
    }
    return bytes
  }

  func replaceBlocks(
    _ run: RunID, _ kind: BlockKind, part: Int, _ blocks: FramedBlocks, _ tx: any StateTransaction
  ) async throws {
    let key: [StateValue] = [.text(run.text), .text(kind.rawValue), .integer(part)]
    try await tx.run("DELETE FROM blocks WHERE run_id = $1 AND kind = $2 AND part = $3", key)
    var frames = try blocks.reader()
    var index = 0
    while let frame = try frames.next() {
      try await tx.run(
        "INSERT INTO blocks (run_id, kind, part, block, frame) VALUES ($1, $2, $3, $4, $5)",
        key + [.integer(index), .bytes(frame)])
      index += 1
    }
  }
}
