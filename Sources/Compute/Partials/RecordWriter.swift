/// Packs records (a key and its payload) into blocks, in the order given.
///
/// A record begins with how many bytes its key shares with the one before it in the same block.
final class RecordWriter {
  private let kind: PartialBlock.Kind
  private let layout: UInt64
  private var payload = ByteWriter()
  private var recordCount = 0
  private var record = ByteWriter()
  private var lastKey: [UInt8] = []
  private var finished: [[UInt8]] = []

  init(_ kind: PartialBlock.Kind, layout: UInt64) {
    self.kind = kind
    self.layout = layout
  }

  /// Appends a record; `write` writes its payload.
  func append<Failure: Error>(
    key: UnsafeBufferPointer<UInt8>, _ write: (inout ByteWriter) throws(Failure) -> Void
  ) throws(Failure) {
    record.bytes.removeAll(keepingCapacity: true)
    try write(&record)
    let longest = key.count + record.count + 24
    if recordCount > 0, payload.count + longest > PartialBlock.maximumPayload { seal() }
    var shared = 0
    let common = min(lastKey.count, key.count)
    lastKey.withUnsafeBufferPointer { last in
      while shared < common, last[shared] == key[shared] { shared += 1 }
    }
    payload.append(length: shared)
    payload.append(length: key.count - shared)
    payload.append(contentsOf: UnsafeBufferPointer(rebasing: key[shared...]))
    payload.append(length: record.count)
    payload.append(contentsOf: record.bytes)
    lastKey.removeSubrange(shared...)
    lastKey.append(contentsOf: UnsafeBufferPointer(rebasing: key[shared...]))
    recordCount += 1
  }

  private func seal() {
    finished.append(
      PartialBlock.seal(kind, layout: layout, recordCount: recordCount, payload: payload.bytes))
    payload.bytes.removeAll(keepingCapacity: true)
    lastKey.removeAll(keepingCapacity: true)
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
