package import Model

/// Gathers the blocks of one chunk: in memory while they are few, in a spill file behind that. Used by one task
/// at a time.
package final class BlockBuffer {
  private let folder: SpillFolder
  private var blocks: [[UInt8]] = []
  private var bytes = 0
  private var file: SpillWriter?

  /// Bytes held in memory: a few blocks.
  private static let memoryLimit = 4 << 20

  package init(in folder: SpillFolder) {
    self.folder = folder
  }

  /// - Throws: a `SystemFault` such as `disk_full`; `block_too_large`.
  package func append(_ block: [UInt8]) throws(Fault) {
    blocks.append(block)
    bytes += block.count
    if bytes > BlockBuffer.memoryLimit { try flush() }
  }

  private func flush() throws(Fault) {
    if file == nil { file = try folder.makeFile() }
    for block in blocks { try file?.append(block) }
    blocks = []
    bytes = 0
  }

  /// All blocks, in the order that they came in.
  package func finish() throws(Fault) -> ChunkBlocks {
    if file != nil { try flush() }
    guard let writer = file.take() else { return .memory(blocks) }
    return .file(writer.finish())
  }
}
