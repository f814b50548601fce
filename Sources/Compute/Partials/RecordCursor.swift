import Model

/// Walks over the records of one input, block by block.
final class RecordCursor {
  private let kind: PartialBlock.Kind
  private let layout: UInt64
  /// The block that is read, with the payloads of those behind it that its only record goes on in.
  private let block = ByteWriter()
  private var goesOn = false
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
  private(set) var key = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  /// A reader of the present record's payload.
  private(set) var payload = ByteReader(UnsafeBufferPointer(start: nil, count: 0))

  /// Takes the next block, once the last one is used up.
  func offer(_ offered: [UInt8]) throws(Fault) {
    let header = try offered.withUnsafeBufferPointer { bytes throws(Fault) in
      try PartialBlock(bytes, kind: kind, layout: layout)
    }
    if goesOn {
      guard header.recordCount == 0 else { throw Self.isCutOff }
      block.append(offered[PartialBlock.headerLength...])
    } else {
      guard !header.goesOn || header.recordCount == 1 else {
        throw ByteReader.damaged("more than one record goes on")
      }
      block.trim()
      block.append(offered[...])
      position = PartialBlock.headerLength
      recordsLeft = header.recordCount
    }
    goesOn = header.goesOn
  }

  private static var isCutOff: Fault { ByteReader.damaged("the rest of a record is missing") }

  /// Says that no block will come any more.
  func end() { isEnded = true }

  /// Steps to the next record; false where the block is used up.
  func advance() throws(Fault) -> Bool {
    hasRecord = false
    if goesOn {
      if isEnded { throw Self.isCutOff }
      return false
    }
    guard recordsLeft > 0 else {
      guard position == block.count else { throw ByteReader.damaged("it is longer than its records") }
      forget()
      return false
    }
    let isFirstOfBlock = position == PartialBlock.headerLength
    var reader = ByteReader(block.bytes, in: position..<block.count)
    recordsLeft -= 1
    let shared = try reader.readLength(limit: isFirstOfBlock ? 0 : ownKey.count)
    let rest = try reader.readLengthAndRange()
    if rest.count > PartialBlock.maximumPayload {
      // Alone in its blocks: no other record is going to share its bytes.
      key = UnsafeBufferPointer(rebasing: reader.bytes[rest])
    } else {
      ownKey.truncate(to: shared)
      ownKey.append(UnsafeBufferPointer(rebasing: reader.bytes[rest]))
      key = ownKey.bytes
    }
    let next = GroupTable.head(of: key)
    // Blocks given in the wrong order would merge into groups that come twice.
    if next < head { throw ByteReader.damaged("its keys are not in order") }
    head = next
    let range = try reader.readLengthAndRange()
    payload = ByteReader(reader.bytes, in: range)
    position = reader.position
    hasRecord = true
    return true
  }

  /// Gives back the memory of a record that is not going to be looked at any more, where it is the last of its block:
  /// of many inputs only those that still have something to say take memory, and of a long record only its receiver.
  func forget() {
    guard recordsLeft == 0, position == block.count, !goesOn else { return }
    if isEnded { block.release() } else { block.trim() }
    position = block.count
  }
}
