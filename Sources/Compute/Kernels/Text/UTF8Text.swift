/// Walks over UTF-8 by code points. Never reads outside the bytes, whatever they are.
enum UTF8Text {
  @inline(__always)
  static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

  /// The length that a character's first byte announces.
  @inline(__always)
  static func length(lead: UInt8) -> Int {
    if lead < 0x80 { return 1 }
    if lead < 0xE0 { return 2 }
    return lead < 0xF0 ? 3 : 4
  }

  /// The number of code points.
  @inline(__always)
  static func count(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    for byte in bytes { count += isContinuation(byte) ? 0 : 1 }
    return count
  }

  @inline(__always)
  static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var seen: UInt8 = 0
    for byte in bytes { seen |= byte }
    return seen < 0x80
  }

  /// The byte offset behind the character at `offset`.
  @inline(__always)
  static func next(_ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int) -> Int {
    min(offset + length(lead: bytes[offset]), bytes.count)
  }

  /// The byte offset behind `characters` characters, and how many there really were.
  static func advance(
    _ bytes: UnsafeBufferPointer<UInt8>, from offset: Int, by characters: Int
  ) -> (offset: Int, characters: Int) {
    var position = offset
    var count = 0
    while count < characters && position < bytes.count {
      position = next(bytes, position)
      count += 1
    }
    return (position, count)
  }

  /// The first characters, at most so many, and how many there are.
  static func prefix(
    _ bytes: UnsafeBufferPointer<UInt8>, _ characters: Int
  ) -> (bytes: UnsafeBufferPointer<UInt8>, characters: Int) {
    let end = advance(bytes, from: 0, by: characters)
    return (UnsafeBufferPointer(rebasing: bytes[..<end.offset]), end.characters)
  }

  /// The code point at `offset` and the offset behind it.
  @inline(__always)
  static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int) -> (value: UInt32, next: Int) {
    let lead = bytes[offset]
    if lead < 0x80 { return (UInt32(lead), offset + 1) }
    let length = length(lead: lead)
    guard offset + length <= bytes.count else { return (0xFFFD, bytes.count) }
    var value = UInt32(lead) & (length == 2 ? 0x1F : (length == 3 ? 0x0F : 0x07))
    for index in 1..<length { value = value << 6 | UInt32(bytes[offset + index] & 0x3F) }
    return (value, offset + length)
  }

  /// The first offset at or behind `start` where `needle` stands; `nil` where nowhere.
  ///
  /// Eight offsets at a time are looked at for the needle's first and last byte.
  static func find(
    _ needle: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> Int? {
    if needle.isEmpty { return start }
    guard let wanted = needle.baseAddress, let text = bytes.baseAddress else { return nil }
    let length = needle.count
    let ones: UInt64 = 0x0101_0101_0101_0101
    let (first, last) = (UInt64(wanted[0]) &* ones, UInt64(wanted[length - 1]) &* ones)
    let end = bytes.count - length
    var position = start
    /// Looks at the eight offsets from `block` on, but for those before `position`.
    func look(at block: Int) -> Int? {
      let raw = UnsafeRawPointer(text + block)
      let atFirst = UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self)) ^ first
      let atLast = UInt64(littleEndian: (raw + (length - 1)).loadUnaligned(as: UInt64.self)) ^ last
      let differs = atFirst | atLast
      // The top bit of each byte that is zero, and perhaps of some above one: those are looked at in vain.
      var candidates = (differs &- ones) & ~differs & 0x8080_8080_8080_8080
      candidates &= .max &<< UInt64((position &- block) &* 8)
      while candidates != 0 {
        let offset = block + candidates.trailingZeroBitCount >> 3
        if stands(wanted, length, at: text + offset) { return offset }
        candidates &= candidates - 1
      }
      return nil
    }
    while position + 7 <= end {
      if let found = look(at: position) { return found }
      position += 8
    }
    // The last eight offsets, some of them for a second time.
    if position <= end, end >= 7 { return look(at: end - 7) }
    while position <= end {
      if stands(wanted, length, at: text + position) { return position }
      position += 1
    }
    return nil
  }

  @inline(__always)
  private static func stands(_ needle: UnsafePointer<UInt8>, _ count: Int, at text: UnsafePointer<UInt8>)
    -> Bool
  {
    var index = 0
    while index < count {
      if needle[index] != text[index] { return false }
      index += 1
    }
    return true
  }
}

extension Column {
  /// Adds a code point in UTF-8.
  @inline(__always)
  func addScalar(_ value: UInt32) {
    func byte(_ value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    reserveData(4)
    let to = data + dataCount
    switch value {
    case ..<0x80:
      to[0] = byte(value)
      dataCount += 1
    case ..<0x800:
      to[0] = byte(0xC0 | value >> 6)
      to[1] = byte(0x80 | value & 0x3F)
      dataCount += 2
    case ..<0x10000:
      to[0] = byte(0xE0 | value >> 12)
      to[1] = byte(0x80 | value >> 6 & 0x3F)
      to[2] = byte(0x80 | value & 0x3F)
      dataCount += 3
    default:
      to[0] = byte(0xF0 | value >> 18)
      to[1] = byte(0x80 | value >> 12 & 0x3F)
      to[2] = byte(0x80 | value >> 6 & 0x3F)
      to[3] = byte(0x80 | value & 0x3F)
      dataCount += 4
    }
  }
}
