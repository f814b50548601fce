import Model

/// Walks over the records of one input, block by block.
final class RecordCursor {
  private let kind: PartialBlock.Kind
  private let layout: UInt64
  /// The block that is read.
  private let block = ByteWriter()
  private var position = 0
  private var recordsLeft = 0
  private let ownKey = ByteWriter()
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
  private(set) var payload = ByteReader(UnsafeBufferPointer(start: nil, count: 0))

  /// Takes the next block, once the last one is used up.
  func offer(_ offered: [UInt8]) throws(Fault) {
    block.removeAll()
    block.append(offered[...])
    let header = try PartialBlock(block.bytes, kind: kind, layout: layout)
    position = PartialBlock.headerLength
    recordsLeft = header.recordCount
  }

  /// Says that no block will come any more.
  func end() { isEnded = true }

  /// Steps to the next record; false where the block is used up.
  func advance() throws(Fault) -> Bool {
    guard recordsLeft > 0 else {
      guard position == block.count else { throw ByteReader.damaged("it is longer than its records") }
      hasRecord = false
      if isEnded {
        // Of many inputs only those that still have something to say take memory.
        block.release()
        position = 0
      }
      return false
    }
    let isFirstOfBlock = position == PartialBlock.headerLength
    var reader = ByteReader(block.bytes, in: position..<block.count)
    recordsLeft -= 1
    let shared = try reader.readLength(limit: isFirstOfBlock ? 0 : ownKey.count)
    let rest = try reader.readLengthAndRange()
    ownKey.truncate(to: shared)
    ownKey.append(UnsafeBufferPointer(rebasing: reader.bytes[rest]))
    let next = GroupTable.head(of: ownKey.bytes)
    // Blocks given in the wrong order would merge into groups that come twice.
    if next < head { throw ByteReader.damaged("its keys are not in order") }
    head = next
    let range = try reader.readLengthAndRange()
    payload = ByteReader(reader.bytes, in: range)
    position = reader.position
    hasRecord = true
    return true
  }
}
