/// Packs records (a key and its payload) into blocks, in the order given.
///
/// A record begins with how many bytes its key shares with the one before it in the same block. One that is longer than
/// a block has blocks of its own, each but the last of which says that the record goes on in the next.
///
///     append(...); while let block = takeFull() { ... }   after each record, whose key stays where it is until then
///     takeLast()                                          at the end
final class RecordWriter {
  private let kind: PartialBlock.Kind
  private let layout: UInt64
  private let payload = ByteWriter()
  private var recordCount = 0
  private let record = ByteWriter()
  private let lastKey = ByteWriter()
  private var finished: [UInt8]?
  /// Of a long record: its key where that is long, what stands before that, how many of its bytes are in blocks already, and
  /// how many there are. Its payload is in `record`.
  private var longKey = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  private let longStart = ByteWriter()
  private var longPosition = 0
  private var longLength = 0

  init(_ kind: PartialBlock.Kind, layout: UInt64) {
    self.kind = kind
    self.layout = layout
  }

  /// Appends a record; `write` writes its payload.
  func append<Failure: Error>(
    key: UnsafeBufferPointer<UInt8>, _ write: (ByteWriter) throws(Failure) -> Void
  ) throws(Failure) {
    assert(longPosition == longLength, "the blocks of a long record are taken before the next one comes")
    record.removeAll()
    try write(record)
    let longest = key.count + record.count + 24
    if recordCount > 0, payload.count + longest > PartialBlock.maximumPayload { seal() }
    if longest > PartialBlock.maximumPayload { return beginLong(key) }
    var shared = 0
    let common = min(lastKey.count, key.count)
    let last = lastKey.start
    while shared < common, last[shared] == key[shared] { shared += 1 }
    let rest = UnsafeBufferPointer(rebasing: key[shared...])
    payload.append(length: shared)
    payload.append(lengthAnd: rest)
    payload.append(lengthAnd: record.bytes)
    lastKey.truncate(to: shared)
    lastKey.append(rest)
    recordCount += 1
  }

  private func seal() {
    finished = PartialBlock.seal(kind, layout: layout, recordCount: recordCount, payload: payload.bytes)
    payload.removeAll()
    lastKey.removeAll()
    recordCount = 0
  }

  /// A block that is full, or nil where none is waiting any more.
  func takeFull() -> [UInt8]? { finished.take() ?? takeLongPart() }

  /// The last block, or nil where nothing has been written since the one before.
  func takeLast() -> [UInt8]? {
    if recordCount > 0 { seal() }
    return finished.take()
  }

  // MARK: Long records

  /// Keeps a record, whose payload `record` holds, until all its blocks are taken.
  private func beginLong(_ key: UnsafeBufferPointer<UInt8>) {
    if key.count > PartialBlock.maximumPayload { longKey = key } else { lastKey.append(key) }
    longStart.append(length: 0)
    longStart.append(length: key.count)
    longPosition = 0
    longLength = longStart.count + key.count + Self.lengthOfLength(record.count) + record.count
  }

  private static func lengthOfLength(_ length: Int) -> Int {
    (max(1, 64 - length.leadingZeroBitCount) + 6) / 7
  }

  private func takeLongPart() -> [UInt8]? {
    guard longPosition < longLength else { return nil }
    let count = min(longLength - longPosition, PartialBlock.maximumPayload)
    copyLong(longPosition..<longPosition + count)
    let isFirst = longPosition == 0
    longPosition += count
    let block = PartialBlock.seal(
      kind, layout: layout, recordCount: isFirst ? 1 : 0, goesOn: longPosition < longLength,
      payload: payload.bytes)
    payload.removeAll()
    if longPosition == longLength { endLong() }
    return block
  }

  /// Puts a part of the record's bytes into `payload`.
  private func copyLong(_ range: Range<Int>) {
    let end = ByteWriter()
    end.append(length: record.count)
    var start = 0
    for part in [longStart.bytes, lastKey.bytes, longKey, end.bytes, record.bytes] {
      let wanted = range.clamped(to: start..<start + part.count)
      if !wanted.isEmpty {
        payload.append(
          UnsafeBufferPointer(rebasing: part[wanted.lowerBound - start..<wanted.upperBound - start]))
      }
      start += part.count
    }
  }

  private func endLong() {
    (longPosition, longLength) = (0, 0)
    longStart.removeAll()
    longKey = UnsafeBufferPointer(start: nil, count: 0)
    lastKey.removeAll()
    record.trim()
  }
}
