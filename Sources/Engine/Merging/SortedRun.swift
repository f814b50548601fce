internal import Model
internal import StateStore

/// A run of blocks that a merge reads from the first to the last, wherever it lies.
protocol SortedRun: AnyObject {
  /// - Returns: `nil` behind the last block.
  /// - Throws: `DamagedChunk`, or a `Fault`.
  func next() async throws -> [UInt8]?
  /// What to throw for a block of this run that a merge could not take.
  func blame(_ fault: Fault) -> any Error
  /// Called once nobody reads any more.
  func discard()
}

/// A finished chunk whose stored partial cannot be used, so that the chunk must be computed again.
struct DamagedChunk: Error {
  let chunk: ChunkID
  let fault: Fault
}

/// The partial of a finished chunk, in the state store.
final class ChunkRun: SortedRun {
  private let store: Store
  private let run: RunID
  private let chunk: ChunkID
  private let blocks: Int
  /// What all blocks together must give; nil where nothing was noted.
  private let expected: String?
  private var digest = BlockDigest()
  private var index = 0

  /// The member of a checkpoint's proof that holds the digest of its blocks.
  static func note(_ blocks: ChunkBlocks) -> JSONValue.Member { .init("digest", .string(blocks.digest.text)) }

  init(_ record: ChunkRecord, of run: RunID, in store: Store) {
    self.store = store
    self.run = run
    chunk = record.chunk
    blocks = record.blocks
    expected = record.proof["digest"]?.stringValue
  }

  func next() async throws -> [UInt8]? {
    guard index < blocks else {
      if let expected, digest.text != expected {
        throw blame(
          Fault(
            "foreign_block", .data, "The blocks of chunk \(chunk) of run \(run) are not those that it left"))
      }
      return nil
    }
    do {
      guard let block = try await store.readBlock(run, chunk: chunk, index: index) else {
        throw Fault("damaged_block", .data, "Block \(index) of chunk \(chunk) of run \(run) is missing")
      }
      index += 1
      digest.add(block)
      return block
    } catch let fault as Fault where fault.code == "damaged_block" {
      throw blame(fault)
    }
  }

  func blame(_ fault: Fault) -> any Error { DamagedChunk(chunk: chunk, fault: fault) }

  func discard() {}
}

/// A run in a spill file.
final class SpilledRun: SortedRun {
  let file: SpillFile
  private var reader: SpillReader?

  init(_ file: SpillFile) { self.file = file }

  func next() throws(Fault) -> [UInt8]? {
    if reader == nil { reader = try file.reader() }
    return try reader?.nextBlock()
  }

  func blame(_ fault: Fault) -> any Error { fault }

  func discard() { file.remove() }
}
