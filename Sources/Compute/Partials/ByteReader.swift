import Model

/// Reads what `ByteWriter` wrote, and finds out when the bytes are not that.
///
/// Every read is checked against the end; a number that cannot be right is a `Fault` `damaged_block`, never a
/// trap, so that foreign and damaged bytes can be read safely. The memory must outlive the reader.
struct ByteReader {
  let bytes: UnsafeBufferPointer<UInt8>
  var position: Int
  let end: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.init(bytes, in: 0..<bytes.count)
  }

  init(_ bytes: UnsafeBufferPointer<UInt8>, in range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// What has not been read yet.
  var rest: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[position..<end]) }

  /// The next `count` bytes, stepped over.
  mutating func readBytes(_ count: Int) throws(Fault) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: bytes[try readRange(count)])
  }

  var isAtEnd: Bool { position == end }

  static func damaged(_ what: String) -> Fault {
    Fault(
      "damaged_block", .data, "A block of stored partial results is damaged: \(what)",
      hint: "The chunk it belongs to is computed again when the run is resumed")
  }

  mutating func readByte() throws(Fault) -> UInt8 {
    guard position < end else { throw Self.damaged("it ends too early") }
    defer { position += 1 }
    return bytes[position]
  }

  /// The range of the next `count` bytes, stepped over.
  mutating func readRange(_ count: Int) throws(Fault) -> Range<Int> {
    guard count >= 0, count <= end - position else { throw Self.damaged("it ends too early") }
    defer { position += count }
    return position..<position + count
  }

  mutating func readFixed<Number: FixedWidthInteger>(_ type: Number.Type) throws(Fault) -> Number {
    let width = Number.bitWidth / 8
    let range = try readRange(width)
    return Number(
      littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(
        fromByteOffset: range.lowerBound, as: Number.self))
  }

  @inline(__always)
  mutating func readUnsigned() throws(Fault) -> UInt64 {
    if position < end, bytes[position] < 0x80 {
      defer { position += 1 }
      return UInt64(bytes[position])
    }
    return try readLongUnsigned()
  }

  private mutating func readLongUnsigned() throws(Fault) -> UInt64 {
    if end - position >= 8 {
      let word = UInt64(
        littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: position, as: UInt64.self))
      let stops = ~word & 0x8080_8080_8080_8080
      if stops != 0 {
        // Up to the first byte that ends a number, whose groups of seven bits then move together pair by pair.
        var bits = word & (stops ^ (stops &- 1)) & 0x7F7F_7F7F_7F7F_7F7F
        bits = (bits & 0x7F00_7F00_7F00_7F00) &>> 1 | bits & 0x007F_007F_007F_007F
        bits = (bits & 0x3FFF_0000_3FFF_0000) &>> 2 | bits & 0x0000_3FFF_0000_3FFF
        position += stops.trailingZeroBitCount / 8 + 1
        return (bits & 0x0FFF_FFFF_0000_0000) &>> 4 | bits & 0x0000_0000_0FFF_FFFF
      }
    }
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try readByte()
      if shift == 63 && byte > 1 { throw Self.damaged("a number is too long") }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
      if shift > 63 { throw Self.damaged("a number is too long") }
    }
  }

  /// A length or a count; at most `limit`.
  mutating func readLength(limit: Int = .max) throws(Fault) -> Int {
    let value = try readUnsigned()
    guard value <= UInt64(limit) else { throw Self.damaged("a length is out of range") }
    return Int(value)
  }

  mutating func readSigned() throws(Fault) -> Int64 {
    let raw = try readUnsigned()
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }

  mutating func readSigned128() throws(Fault) -> Int128 {
    let width = Int(try readByte())
    guard (1...16).contains(width) else { throw Self.damaged("a number is too long") }
    let range = try readRange(width)
    if bytes.count - range.lowerBound >= 16 {
      // What lies behind the number is shifted out.
      let raw = UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: range.lowerBound, as: Int128.self)
      let unused = Int128(128 - width * 8)
      return (Int128(littleEndian: raw) &<< unused) &>> unused
    }
    var value: Int128 = bytes[range.upperBound - 1] >= 0x80 ? -1 : 0
    var position = range.upperBound
    while position > range.lowerBound {
      position -= 1
      value = value &<< 8 | Int128(bytes[position])
    }
    return value
  }

  /// A length and as many bytes.
  mutating func readLengthAndRange() throws(Fault) -> Range<Int> {
    let count = try readLength(limit: end - position)
    return try readRange(count)
  }
}
