internal import CZlib
package import Model

/// Wraps a block of bytes for storing: compressed, checksummed, versioned.
///
/// Layout, integers little-endian: `TMB` and the version (1), length of the raw bytes, length of
/// the compressed bytes, CRC-32 of the raw bytes, each 4 bytes; then a zlib stream (RFC 1950): level 1
/// where that makes the block less than half as long, else the bytes as they are (level 0). Equal blocks
/// give equal frames with one build of zlib; only the raw bytes are part of any result.
package enum BlockFrame {
  /// The raw bytes that a block has at most, unless one record alone is longer.
  package static let usualRawBytes = 1 << 20
  /// The most raw bytes of one block, so of one record too: what both stores hold as one value.
  package static let maximumRawBytes = 512 << 20
  package static let headerBytes = 16
  private static let magic: [UInt8] = [0x54, 0x4D, 0x42, 1]

  /// Why a frame cannot be opened, as the end of a sentence about the block.
  package struct Damage: Error, Hashable, Sendable {
    package let reason: String
  }

  /// - Throws: `Fault` `block_too_large`.
  package static func encode(_ raw: [UInt8]) throws(Fault) -> [UInt8] {
    guard raw.count <= maximumRawBytes else {
      throw Fault(
        "block_too_large", .data,
        "One row or group state has \(raw.count) bytes, more than the \(maximumRawBytes) that are stored",
        hint: "Leave such a value out, or cut it in `add_columns`")
    }
    let compressed = try deflated(raw, level: isCompressible(raw) ? 1 : 0)
    var frame: [UInt8] = []
    frame.reserveCapacity(headerBytes + compressed.count)
    frame += magic
    append(UInt32(raw.count), to: &frame)
    append(UInt32(compressed.count), to: &frame)
    append(checksum(raw), to: &frame)
    frame += compressed
    return frame
  }

  /// Whether compressing pays. Group states and rows are packed tightly as they are: zlib would save a third of
  /// their bytes at 60 MB/s, which takes longer than computing them did. Text often shrinks to a quarter.
  private static func isCompressible(_ raw: [UInt8]) throws(Fault) -> Bool {
    var sample: [UInt8] = []
    if raw.count <= samples * sampleBytes {
      sample = raw
    } else {
      // From all over the block: columns that lie one behind the other shrink differently.
      for number in 0..<samples { sample += raw[(raw.count / samples * number)...].prefix(sampleBytes) }
    }
    return try deflated(sample, level: 1).count * 2 < sample.count
  }

  private static let samples = 8
  private static let sampleBytes = 2 << 10

  private static func deflated(_ raw: [UInt8], level: Int32) throws(Fault) -> [UInt8] {
    var length = compressBound(uLong(raw.count))
    var status = Z_OK
    let stream = [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, filled in
      status = compress2(buffer.baseAddress, &length, raw, uLong(raw.count), level)
      filled = status == Z_OK ? Int(length) : 0
    }
    guard status == Z_OK else {
      throw Fault("out_of_memory", .resource, "There is no memory to compress a block", isTransient: true)
    }
    return stream
  }

  /// The frames of a document of any length.
  static func frames(of bytes: [UInt8]) throws(Fault) -> [[UInt8]] {
    var frames: [[UInt8]] = []
    for start in stride(from: 0, to: bytes.count, by: usualRawBytes) {
      frames.append(try encode(Array(bytes[start..<min(bytes.count, start + usualRawBytes)])))
    }
    return frames
  }

  package static func decode(_ frame: [UInt8]) throws(Damage) -> [UInt8] {
    let header = try Header(frame.prefix(headerBytes))
    guard frame.count - headerBytes == header.compressedBytes else {
      throw Damage(reason: "has \(frame.count) bytes where \(headerBytes + header.compressedBytes) belong")
    }
    var status = Z_OK
    var length = uLong(header.rawBytes)
    let raw = frame.withUnsafeBufferPointer { source in
      // One byte more than needed, so that an empty block has an address too.
      [UInt8](unsafeUninitializedCapacity: header.rawBytes + 1) { buffer, count in
        status = uncompress(
          buffer.baseAddress, &length, source.baseAddress.map { $0 + headerBytes },
          uLong(header.compressedBytes))
        count = status == Z_OK ? min(Int(length), header.rawBytes) : 0
      }
    }
    guard status == Z_OK, raw.count == header.rawBytes else {
      throw Damage(reason: "cannot be decompressed")
    }
    guard checksum(raw) == header.checksum else { throw Damage(reason: "fails its checksum") }
    return raw
  }

  /// The first bytes of a frame, checked.
  struct Header {
    let rawBytes: Int
    let compressedBytes: Int
    let checksum: UInt32

    init(_ bytes: some Collection<UInt8>) throws(Damage) {
      let bytes = Array(bytes)
      guard bytes.count == headerBytes else { throw Damage(reason: "ends within its header") }
      guard bytes[0..<3].elementsEqual(magic[0..<3]) else { throw Damage(reason: "is no block") }
      guard bytes[3] == magic[3] else { throw Damage(reason: "has the unknown version \(bytes[3])") }
      rawBytes = Int(BlockFrame.integer(bytes, at: 4))
      compressedBytes = Int(BlockFrame.integer(bytes, at: 8))
      checksum = BlockFrame.integer(bytes, at: 12)
      guard rawBytes <= maximumRawBytes, compressedBytes <= 2 * maximumRawBytes else {
        throw Damage(reason: "claims an impossible length")
      }
    }
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32(0, bytes, uInt(bytes.count)))
  }

  private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
    for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(shift))) }
  }

  private static func integer(_ bytes: [UInt8], at index: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
  }
}
