internal import CZlib
internal import Model

/// Compresses a stream in gzip's form, the same bytes for the same input: no time, no name, blocks
/// that depend on nothing but the data.
final class GzipStream {
  private var stream = z_stream()
  private static let level: Int32 = 6

  /// - Throws: `Fault` `compression` where zlib cannot begin.
  init() throws(Fault) {
    // 15 bits of window, and 16 more for gzip's header, which zlib writes with time 0.
    let status = deflateInit2_(
      &stream, GzipStream.level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    if status != Z_OK { throw GzipStream.fault(status) }
  }

  deinit { deflateEnd(&stream) }

  func compress(_ bytes: [UInt8], into out: inout [UInt8]) throws(Fault) {
    if bytes.isEmpty { return }
    try run(bytes, Z_NO_FLUSH, into: &out)
  }

  /// Ends the stream.
  func finish(into out: inout [UInt8]) throws(Fault) {
    try run([], Z_FINISH, into: &out)
  }

  private func run(_ bytes: [UInt8], _ flush: Int32, into out: inout [UInt8]) throws(Fault) {
    var input = bytes
    var problem: Int32 = Z_OK
    input.withUnsafeMutableBufferPointer { source in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      var isMore = true
      while isMore {
        let block = [UInt8](unsafeUninitializedCapacity: 64 << 10) { target, count in
          stream.next_out = target.baseAddress
          stream.avail_out = UInt32(target.count)
          let status = deflate(&stream, flush)
          if status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR { problem = status }
          count = target.count - Int(stream.avail_out)
          isMore = problem == Z_OK && stream.avail_out == 0 && status != Z_STREAM_END
        }
        out += block
      }
      stream.next_in = nil
    }
    if problem != Z_OK { throw GzipStream.fault(problem) }
  }

  private static func fault(_ status: Int32) -> Fault {
    Fault("compression", .internal, "zlib failed with status \(status)")
  }
}
