/// Packs records (a key and its payload) into blocks, in the order given.
///
/// A record begins with how many bytes its key shares with the one before it in the same block.
final class RecordWriter {
  private let kind: PartialBlock.Kind
  private let layout: UInt64
  private let payload = ByteWriter()
  private var recordCount = 0
  private let record = ByteWriter()
  private let lastKey = ByteWriter()
  private var finished: [[UInt8]] = []

  init(_ kind: PartialBlock.Kind, layout: UInt64) {
    self.kind = kind
    self.layout = layout
  }

  /// Appends a record; `write` writes its payload.
  func append<Failure: Error>(
    key: UnsafeBufferPointer<UInt8>, _ write: (ByteWriter) throws(Failure) -> Void
  ) throws(Failure) {
    record.removeAll()
    try write(record)
    let longest = key.count + record.count + 24
    if recordCount > 0, payload.count + longest > PartialBlock.maximumPayload { seal() }
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
    finished.append(
      PartialBlock.seal(kind, layout: layout, recordCount: recordCount, payload: payload.bytes))
    payload.removeAll()
    lastKey.removeAll()
    recordCount = 0
  }

  /// A block that is full; at most one is waiting after each `append`.
  func takeFull() -> [UInt8]? { finished.popLast() }

  /// The last block, or nil where nothing has been written since the one before.
  func takeLast() -> [UInt8]? {
    if recordCount > 0 { seal() }
    return finished.popLast()
  }
}
