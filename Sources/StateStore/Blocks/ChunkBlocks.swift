internal import Model

/// The blocks of a chunk's partial on their way into the state store: in memory while they are few, in a spill
/// file behind that, so that a chunk of any size is checkpointed in little memory.
package enum ChunkBlocks: Sendable {
  case memory([[UInt8]])
  case file(SpillFile)

  package var count: Int {
    switch self {
    case .memory(let blocks): blocks.count
    case .file(let file): file.blocks
    }
  }

  package var digest: BlockDigest {
    switch self {
    case .memory(let blocks):
      var digest = BlockDigest()
      for block in blocks { digest.add(block) }
      return digest
    case .file(let file): return file.digest
    }
  }

  /// - Throws: `Fault` `block_too_large`.
  func framed() throws(Fault) -> FramedBlocks {
    switch self {
    case .memory(let blocks):
      var frames: [[UInt8]] = []
      for block in blocks { frames.append(try BlockFrame.encode(block)) }
      return .memory(frames)
    case .file(let file): return .file(file)
    }
  }
}

/// Blocks in the form that they are stored in.
enum FramedBlocks: Sendable {
  case memory([[UInt8]])
  case file(SpillFile)

  /// A reader from the first frame on: a transaction that is tried again begins anew.
  func reader() throws(Fault) -> Reader {
    switch self {
    case .memory(let frames): Reader(frames: frames[...], file: nil)
    case .file(let file): Reader(frames: [], file: try file.reader())
    }
  }

  struct Reader: ~Copyable {
    var frames: ArraySlice<[UInt8]>
    var file: SpillReader?

    mutating func next() throws(Fault) -> [UInt8]? {
      if let frame = frames.popFirst() { return frame }
      return try file?.nextFrame()
    }
  }
}
