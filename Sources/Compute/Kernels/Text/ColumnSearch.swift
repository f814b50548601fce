/// Finds texts in all short values of a column at once.
///
/// The values of a batch lie close together in its data buffer. One pass over these bytes, sixteen at a time,
/// notes where each text may stand, a bit a byte. Then a row's part of the bits is a machine word: nothing is
/// done a number of times that the processor would have to guess, row by row.
struct ColumnSearch {
  private let column: Column
  /// Where the rows' bytes begin, and how many there are.
  private let start: Int
  private let count: Int
  private let needles: [Needle]

  /// So many bits of a word are left where it does not begin with a whole byte.
  private static let longest = 57

  /// `nil` where most values are long, or much else lies between them: then looking at row by row costs less.
  /// - Parameter needles: texts that are not empty, in memory that outlives the search.
  init?(_ column: Column, _ rows: Rows, for needles: [UnsafeBufferPointer<UInt8>]) {
    let slices = column.slices
    var (start, end, total) = (Int.max, 0, 0)
    rows.forEach { row in
      let (offset, length) = (Int(slices[row].offset), Int(slices[row].length))
      // NULLs and empty texts may lie anywhere.
      start = min(start, length == 0 ? start : offset)
      end = max(end, length == 0 ? end : offset &+ length)
      total = total &+ length
    }
    guard total > 0, total <= rows.count * (Self.longest - 9), total * 2 >= end - start else { return nil }
    self.column = column
    self.start = start
    count = end - start
    self.needles = needles.map(Needle.init)
  }

  /// Calls `body` for each row: whether the texts stand in it one behind the other; `nil` for a row that is
  /// too long to say.
  @inline(__always)
  func forEach(_ rows: Rows, _ body: (_ row: Int, _ isFound: Bool?) -> Void) {
    // Words are read from any byte on.
    let size = count / 8 + 16
    withUnsafeTemporaryAllocation(byteCount: size * needles.count, alignment: 16) { memory in
      memory.initializeMemory(as: UInt8.self, repeating: 0)
      let data = UnsafePointer(column.data + start)
      guard let places = UnsafeMutableRawPointer(memory.baseAddress) else { return }
      for (number, needle) in needles.enumerated() {
        needle.note(data, count: count, in: places + number * size)
      }
      let slices = column.slices
      needles.withUnsafeBufferPointer { needles in
        rows.forEach { row in
          let length = Int(slices[row].length)
          guard length <= Self.longest else { return body(row, nil) }
          var position = length == 0 ? 0 : Int(slices[row].offset) &- start
          let end = position &+ length
          var isFound = true
          for number in 0..<needles.count {
            let next = needles[number].first(in: places + number &* size, data, from: position, to: end)
            isFound = isFound && next.isFound
            position = min(next.end, end)
          }
          body(row, isFound)
        }
      }
    }
  }
}

/// One text that is looked for.
private struct Needle {
  let bytes: UnsafeBufferPointer<UInt8>
  /// The first bytes, up to eight, and which bits of a word they are.
  let head: UInt64
  let headMask: UInt64

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    var head: UInt64 = 0
    for (index, byte) in bytes.prefix(8).enumerated() { head |= UInt64(byte) << UInt64(index * 8) }
    self.head = head
    headMask = ~(UInt64.max << UInt64(min(bytes.count, 8) * 8))
  }

  /// Sets the bit of every place where the text's first and last byte stand. Bits of places that the text is
  /// too long for may be anything. Columns can be read a little beyond their last byte.
  @inline(__always)
  func note(_ data: UnsafePointer<UInt8>, count: Int, in places: UnsafeMutableRawPointer) {
    let behind = bytes.count - 1
    let (first, last) = (
      SIMD16<UInt8>(repeating: bytes[0]), SIMD16<UInt8>(repeating: bytes[behind])
    )
    var position = 0
    while position + behind < count {
      let raw = UnsafeRawPointer(data + position)
      let isFirst = raw.loadUnaligned(as: SIMD16<UInt8>.self) .== first
      let isLast = (raw + behind).loadUnaligned(as: SIMD16<UInt8>.self) .== last
      let both = unsafeBitCast(isFirst .& isLast, to: SIMD2<UInt64>.self)
      let bits = Self.packed(both[0]) | Self.packed(both[1]) &<< 8
      places.storeBytes(
        of: UInt16(truncatingIfNeeded: bits).littleEndian, toByteOffset: position &>> 3, as: UInt16.self)
      position += 16
    }
  }

  /// A bit a byte, of bytes of eight equal bits: one of each is kept where no other lies, and the product
  /// adds them up in the highest byte.
  @inline(__always)
  private static func packed(_ bytes: UInt64) -> UInt64 {
    ((UInt64(littleEndian: bytes) & 0x8040_2010_0804_0201) &* 0x0101_0101_0101_0101) &>> 56
  }

  /// Where the text stands first between `start` and `end`, not more than a word's bits apart.
  @inline(__always)
  func first(
    in places: UnsafeMutableRawPointer, _ data: UnsafePointer<UInt8>, from start: Int, to end: Int
  ) -> (isFound: Bool, end: Int) {
    let places = (places + start &>> 3).loadUnaligned(as: UInt64.self)
    let left = end &- start &- bytes.count &+ 1
    let inside = left > 0 ? UInt64.max &>> UInt64(64 &- left) : 0
    let bits = UInt64(littleEndian: places) &>> UInt64(start & 7) & inside
    // `start` where there is no bit, without a branch that would have to be guessed.
    let place = start &+ (bits | 1 &<< 63).trailingZeroBitCount & (bits == 0 ? 0 : 63)
    // Mostly without asking first whether there is a place at all.
    let isThere = (bytes.count <= 8 || bits != 0) && stands(at: data + place)
    if bits != 0 && !isThere { return later(bits, data, start) }
    return (bits != 0 && isThere, place &+ bytes.count)
  }

  /// Looks at further places, where the first one only had the right first and last byte.
  @inline(never)
  private func later(_ bits: UInt64, _ data: UnsafePointer<UInt8>, _ start: Int) -> (isFound: Bool, end: Int)
  {
    var bits = bits & (bits &- 1)
    while bits != 0 {
      let place = start + bits.trailingZeroBitCount
      if stands(at: data + place) { return (true, place + bytes.count) }
      bits &= bits - 1
    }
    return (false, start)
  }

  @inline(__always)
  private func stands(at place: UnsafePointer<UInt8>) -> Bool {
    let word = UInt64(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt64.self))
    guard bytes.count > 8, let start = bytes.baseAddress else { return word & headMask == head }
    return word == head && UTF8Text.stands(start, bytes.count, at: place)
  }
}
