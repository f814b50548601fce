/// Collects bytes for blocks, keys and states.
///
/// Fixed-width numbers are little-endian, except in keys (`KeyBytes`), whose order is that of their bytes.
/// Lengths and counts are LEB128, signed numbers zigzag LEB128.
struct ByteWriter {
  var bytes: [UInt8] = []

  var count: Int { bytes.count }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  mutating func append(contentsOf other: some Sequence<UInt8>) { bytes.append(contentsOf: other) }

  mutating func append<Number: FixedWidthInteger>(fixed value: Number) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(unsigned value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  mutating func append(length: Int) { append(unsigned: UInt64(length)) }

  mutating func append(signed value: Int64) {
    append(unsigned: UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  /// As few bytes as hold the number: a length byte, then two's complement, little-endian.
  mutating func append(signed value: Int128) {
    let magnitude = value < 0 ? ~value : value
    let width = (128 - magnitude.leadingZeroBitCount) / 8 + 1
    bytes.append(UInt8(width))
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0[0..<width]) }
  }

  mutating func append(lengthAnd other: some Collection<UInt8>) {
    append(length: other.count)
    bytes.append(contentsOf: other)
  }
}
