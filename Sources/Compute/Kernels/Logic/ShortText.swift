internal import Model

/// A constant text of at most eight bytes, compared with other texts as one machine word.
struct ShortText {
  private let word: UInt64
  private let length: UInt32
  /// A `char(n)`: trailing blanks do not count.
  private let isPadded: Bool
  private let whole: [UInt8]

  private static let blanks: UInt64 = 0x2020_2020_2020_2020

  /// `nil` where the column is no literal, or a longer one.
  init?(_ column: Column, isPadded: Bool) {
    guard column.isConstant, column.isValid(0) else { return nil }
    let bytes = isPadded ? Comparing.withoutTrailingBlanks(column.bytes(0)) : column.bytes(0)
    guard bytes.count <= 8 else { return nil }
    self.isPadded = isPadded
    length = UInt32(bytes.count)
    whole = Array(bytes)
    var word: UInt64 = isPadded ? Self.blanks : 0
    for (index, byte) in bytes.enumerated() {
      let shift = UInt64(index * 8)
      word = word & ~(0xFF << shift) | UInt64(byte) << shift
    }
    self.word = word
  }

  @inline(__always)
  func equals(_ column: Column, _ row: Int) -> Bool {
    let slice = column.slices[row]
    guard slice.length <= 8 else {
      // Only a longer `char(n)` may still be equal, by its blanks.
      return isPadded && Comparing.withoutTrailingBlanks(column.bytes(row)).elementsEqual(whole)
    }
    let start = column.words(row)
    let mask = ~(UInt64.max << UInt64(slice.length * 8))
    let value = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self)) & mask
    return isPadded ? value | Self.blanks & ~mask == word : value == word && slice.length == length
  }
}
