internal import Glibc
package import Model
internal import Runtime

/// Writes blocks to a spill file, in order. Used by one task at a time.
package struct SpillWriter: ~Copyable {
  private let file: FileDescriptor
  private let path: String
  private var blocks = 0
  private var digest = BlockDigest()

  init(path: String) throws(Fault) {
    file = try FileDescriptor(path, O_WRONLY | O_CREAT | O_EXCL)
    self.path = path
  }

  /// - Throws: a `SystemFault` such as `disk_full`; `block_too_large`.
  package mutating func append(_ block: [UInt8]) throws(Fault) {
    try file.write(try BlockFrame.encode(block))
    blocks += 1
    digest.add(block)
  }

  /// Ends the file. It is not forced to the disk: it does not outlive the process.
  package consuming func finish() -> SpillFile {
    SpillFile(path: path, blocks: blocks, digest: digest)
  }
}

/// A finished spill file.
package struct SpillFile: Hashable, Sendable {
  package let path: String
  package let blocks: Int
  package let digest: BlockDigest

  /// Reads the blocks back, from the first on. Any number of readers may do so.
  /// - Throws: a `SystemFault`.
  package func reader() throws(Fault) -> SpillReader {
    try SpillReader(path: path, blocks: blocks)
  }

  /// Gives the space back; to be called once nobody reads any more. The folder's end does it too.
  package func remove() {
    unlink(path)
  }
}

/// Reads one spill file block by block.
package struct SpillReader: ~Copyable {
  private let file: FileDescriptor
  private let path: String
  private let blocks: Int
  private var next = 0

  init(path: String, blocks: Int) throws(Fault) {
    file = try FileDescriptor(path, O_RDONLY)
    self.path = path
    self.blocks = blocks
  }

  /// - Returns: `nil` behind the last block.
  /// - Throws: `Fault` `damaged_block`, or a `SystemFault`.
  package mutating func nextBlock() throws(Fault) -> [UInt8]? {
    guard let frame = try nextFrame() else { return nil }
    do throws(BlockFrame.Damage) {
      return try BlockFrame.decode(frame)
    } catch {
      throw damaged(next - 1, error)
    }
  }

  /// The next block in the form that it is stored in. Only its header is checked: whoever reads the block checks
  /// the rest.
  /// - Returns: `nil` behind the last block.
  /// - Throws: `Fault` `damaged_block`, or a `SystemFault`.
  mutating func nextFrame() throws(Fault) -> [UInt8]? {
    guard next < blocks else { return nil }
    var frame = try read(BlockFrame.headerBytes)
    do throws(BlockFrame.Damage) {
      let header = try BlockFrame.Header(frame)
      let body: [UInt8]
      do throws(Fault) { body = try read(header.compressedBytes) } catch {
        throw BlockFrame.Damage(reason: "cannot be read: \(error.sentence)")
      }
      guard body.count == header.compressedBytes else { throw BlockFrame.Damage(reason: "is cut off") }
      frame += body
      next += 1
      return frame
    } catch {
      throw damaged(next, error)
    }
  }

  private func damaged(_ block: Int, _ damage: BlockFrame.Damage) -> Fault {
    Fault("damaged_block", .data, "Block \(block) of the spill file `\(path)` \(damage.reason)")
  }

  /// As many bytes as there are, up to `count`.
  private func read(_ count: Int) throws(Fault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(file.number, buffer.baseAddress.map { $0 + filled }, count - filled)
      }
      if got < 0 {
        if errno == EINTR { continue }
        throw SystemFault.fault("read", path)
      }
      if got == 0 { break }
      filled += got
    }
    return Array(bytes.prefix(filled))
  }
}
