import Model

/// Walks over the records of one input, block by block.
final class RecordCursor {
  private let kind: PartialBlock.Kind
  private let layout: UInt64
  private(set) var reader = ByteReader([])
  private var recordsLeft = 0
  private let ownKey = KeyWriter()
  /// Up to 16 bytes of the key, for fast comparison.
  private(set) var head: UInt128 = 0
  private(set) var hasRecord = false
  private(set) var isEnded = false

  init(_ kind: PartialBlock.Kind, layout: UInt64) {
    self.kind = kind
    self.layout = layout
  }

  /// Of the present record, valid until the next `advance`.
  var key: UnsafeBufferPointer<UInt8> { ownKey.bytes }
  /// A reader of the present record's payload.
  private(set) var payload = ByteReader([])

  /// Takes the next block, once the last one is used up.
  func offer(_ block: [UInt8]) throws(Fault) {
    let header = try PartialBlock(block, kind: kind, layout: layout)
    reader = ByteReader(block, in: PartialBlock.headerLength..<block.count)
    recordsLeft = header.recordCount
  }

  func end() { isEnded = true }

  /// Steps to the next record; false where the block is used up.
  func advance() throws(Fault) -> Bool {
    guard recordsLeft > 0 else {
      guard reader.isAtEnd else { throw ByteReader.damaged("it is longer than its records") }
      hasRecord = false
      return false
    }
    let isFirstOfBlock = reader.position == PartialBlock.headerLength
    recordsLeft -= 1
    let shared = try reader.readLength(limit: isFirstOfBlock ? 0 : ownKey.count)
    let rest = try reader.readLengthAndRange()
    ownKey.truncate(to: shared)
    ownKey.append(reader.bytes[rest])
    let next = GroupTable.head(of: ownKey.bytes)
    // Blocks given in the wrong order would merge into groups that come twice.
    if next < head { throw ByteReader.damaged("its keys are not in order") }
    head = next
    let range = try reader.readLengthAndRange()
    payload = ByteReader(reader.bytes, in: range)
    hasRecord = true
    return true
  }

  static func isLess(_ left: RecordCursor, _ right: RecordCursor) -> Bool {
    left.head == right.head ? KeyOrder.compare(left.key, right.key) < 0 : left.head < right.head
  }
}
