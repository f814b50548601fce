internal import Model
internal import Runtime
internal import StateStore

/// The partial of a chunk that may still be read: its first block is waited for.
final class AwaitedRun: SortedRun {
  private let chunk: ChunkID
  private let run: RunID
  private let store: Store
  private let relay: ChunkRelay
  private var partial: ChunkRun?

  init(_ chunk: ChunkID, of run: RunID, in store: Store, _ relay: ChunkRelay) {
    self.chunk = chunk
    self.run = run
    self.store = store
    self.relay = relay
  }

  func next() async throws -> [UInt8]? {
    try Failpoint.hit(.aheadMiddle)
    return try await found().next()
  }

  private func found() async throws -> ChunkRun {
    if let partial { return partial }
    try await relay.waitUntilFinished(chunk)
    guard let record = try await store.finishedChunk(chunk, of: run) else {
      throw Fault("no_chunk", .internal, "Chunk \(chunk) of run \(run) is not done")
    }
    let found = ChunkRun(record, of: run, in: store)
    partial = found
    return found
  }

  func blame(_ fault: Fault) -> any Error { DamagedChunk(chunk: chunk, fault: fault) }

  func discard() {}
}
