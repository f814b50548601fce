package import Compute
internal import Glibc
package import Model
internal import Runtime

/// A whole result in the form that COPY takes, kept between preparing and committing: in memory
/// while it is small, in a file behind that.
///
/// The result is hashed as it comes, so that two runs can be told to have made the same bytes.
package final class ResultSpool {
  private let path: String
  private var memory: [UInt8] = []
  private var file: SpoolFile?
  private let hash: ResultHash
  private var encoder: CopyEncoder
  /// Rows so far.
  package private(set) var rows: Int64 = 0
  /// Bytes so far.
  package private(set) var bytes: Int64 = 0

  private static let memoryLimit = 4 << 20
  private static let blockSize = 256 << 10

  /// Closes and removes its file with itself.
  private struct SpoolFile: ~Copyable {
    let descriptor: FileDescriptor
    let path: String

    init(_ path: String) throws(Fault) {
      self.path = path
      descriptor = try FileDescriptor(path, O_RDWR | O_CREAT | O_TRUNC)
    }

    deinit { unlink(path) }
  }

  /// - Parameter path: where the file goes if one is needed; its folder must be there.
  /// - Throws: `Fault` `no_hash`.
  package init(schema: [ColumnSchema], path: String) throws(Fault) {
    self.path = path
    encoder = CopyEncoder(schema)
    memory = CopyEncoder.header
    hash = try ResultHash()
  }

  /// - Throws: `Fault` of writing the file, such as a full disk.
  package func append(_ batch: borrowing Batch) throws(Fault) {
    var pieces = encoder.pieces(of: batch)
    while let piece = pieces.next() {
      try hash.update(piece)
      try keep(piece)
    }
    rows += Int64(batch.rows.count)
  }

  private func keep(_ piece: UnsafeBufferPointer<UInt8>) throws(Fault) {
    if memory.count + piece.count < ResultSpool.memoryLimit {
      memory.append(contentsOf: piece)
    } else {
      try flush()
      try file?.descriptor.write(UnsafeRawBufferPointer(piece))
      bytes += Int64(piece.count)
    }
  }

  /// Ends the result.
  /// - Returns: the hash of all rows in order, in hexadecimal.
  package func finish() throws(Fault) -> String {
    memory += CopyEncoder.trailer
    if file == nil { bytes = Int64(memory.count) } else { try flush() }
    return try hash.finish()
  }

  private func flush() throws(Fault) {
    if file == nil { file = try SpoolFile(path) }
    try file?.descriptor.write(memory)
    bytes += Int64(memory.count)
    memory.removeAll(keepingCapacity: true)
  }

  /// Hands out the whole result, from its first byte, block by block. May be called again.
  package nonisolated(nonsending) func read(_ body: ([UInt8]) async throws -> Void) async throws {
    guard file != nil else {
      try await body(memory)
      return
    }
    var offset: Int64 = 0
    while true {
      let block = try block(at: offset)
      if block.isEmpty { return }
      offset += Int64(block.count)
      try await body(block)
    }
  }

  private func block(at offset: Int64) throws(Fault) -> [UInt8] {
    guard let descriptor = file?.descriptor.number else { return [] }
    var problem: Int32 = 0
    let block = [UInt8](unsafeUninitializedCapacity: ResultSpool.blockSize) { buffer, count in
      var got = pread(descriptor, buffer.baseAddress, buffer.count, Int(offset))
      while got < 0, errno == EINTR { got = pread(descriptor, buffer.baseAddress, buffer.count, Int(offset)) }
      if got < 0 { problem = errno }
      count = max(got, 0)
    }
    if problem != 0 { throw SystemFault.fault("read", path, problem) }
    return block
  }
}
