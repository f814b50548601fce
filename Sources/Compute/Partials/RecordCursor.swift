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
  /// Of a record that fills several blocks: where its key begins, and how long it is.
  private var longKey: (start: Int, length: Int)?
  /// All of it is there, and `advance` has not told of it.
  private var isReady = false
  /// Up to 16 bytes of the key, for fast comparison.
  private(set) var head: UInt128 = 0
  private(set) var hasRecord = false
  private(set) var isEnded = false

  init(_ kind: PartialBlock.Kind, layout: UInt64) {
    self.kind = kind
    self.layout = layout
  }

  /// Of the present record, valid until the next step or block; of one that is cut what is there of it.
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
      goesOn = header.goesOn
      try readLong()
    } else {
      guard !header.goesOn || header.recordCount == 1 else {
        throw ByteReader.damaged("more than one record goes on")
      }
      block.trim()
      block.append(offered[...])
      position = PartialBlock.headerLength
      recordsLeft = header.recordCount
      goesOn = header.goesOn
    }
  }

  private static var isCutOff: Fault { ByteReader.damaged("the rest of a record is missing") }

  /// Says that no block will come any more.
  func end() { isEnded = true }

  /// The present record goes on in blocks that have not come: there is the beginning of its key, and no payload.
  var isCut: Bool { longKey != nil && goesOn }

  var isLong: Bool { longKey != nil }

  /// Not even the key of the present record is all there.
  var isKeyCut: Bool { isCut && key.count < longKey?.length ?? 0 }

  /// Steps to the next record; false where a block is needed for it.
  func advance() throws(Fault) -> Bool {
    if isReady {
      isReady = false
      return true
    }
    if isCut {
      try checkForMore()
      return false
    }
    return try begin() && !isCut
  }

  /// Steps to the next record, which may be cut; false where the block is used up.
  func begin() throws(Fault) -> Bool {
    hasRecord = false
    longKey = nil
    isReady = false
    guard recordsLeft > 0 else {
      guard position == block.count else { throw ByteReader.damaged("it is longer than its records") }
      forget()
      return false
    }
    let isFirstOfBlock = position == PartialBlock.headerLength
    var reader = ByteReader(block.bytes, in: position..<block.count)
    recordsLeft -= 1
    let shared = try reader.readLength(limit: isFirstOfBlock ? 0 : ownKey.count)
    if goesOn {
      let length = try reader.readLength(limit: .max)
      longKey = (reader.position, length)
      try readLong()
    } else {
      let rest = try reader.readLengthAndRange()
      ownKey.truncate(to: shared)
      ownKey.append(UnsafeBufferPointer(rebasing: reader.bytes[rest]))
      key = ownKey.bytes
      try readPayload(&reader)
    }
    let next = GroupTable.head(of: key)
    // Blocks given in the wrong order would merge into groups that come twice.
    if next < head { throw ByteReader.damaged("its keys are not in order") }
    head = next
    hasRecord = true
    return true
  }

  /// Looks at what is there of a record that fills several blocks.
  private func readLong() throws(Fault) {
    guard let longKey else { return }
    var reader = ByteReader(block.bytes, in: longKey.start..<block.count)
    let count = goesOn ? min(longKey.length, block.count - longKey.start) : longKey.length
    key = try reader.readBytes(count)
    if goesOn { return }
    try readPayload(&reader)
    isReady = true
  }

  private func readPayload(_ reader: inout ByteReader) throws(Fault) {
    let range = try reader.readLengthAndRange()
    payload = ByteReader(reader.bytes, in: range)
    position = reader.position
  }

  /// - Throws: `Fault` `damaged_block` where the rest of a cut record is not going to come.
  func checkForMore() throws(Fault) { if isCut, isEnded { throw Self.isCutOff } }

  /// Gives back the memory of a record that is not going to be looked at any more, where it is the last of its block:
  /// of many inputs only those that still have something to say take memory, and of a long record only its receiver.
  func forget() {
    guard recordsLeft == 0, position == block.count, !goesOn else { return }
    if isEnded { block.release() } else { block.trim() }
    position = block.count
  }
}
