import Expressions
import Model

/// `top_k`: the most frequent values, most frequent first, as an array; of equally frequent ones the lesser
/// value stands first.
final class TopFinisher: StreamFinisher {
  private let layout: KeyLayout
  private let type: SQLType
  private let limit: Int
  private let value: Column
  /// Best first.
  private var best: [Entry] = []

  private struct Entry {
    let key: [UInt8]
    let spelling: [UInt8]
    let count: Int64
  }

  static let mostValues = 10_000

  /// - Throws: `Fault` `unsupported_aggregate` for types that have no fixed number in Postgres.
  init(_ stream: ValueStream) throws(Fault) {
    layout = stream.layout
    type = stream.inputs[0].type
    guard type.oid != nil else { throw StateKind.unsupported(stream.call) }
    value = Column(type)
    limit =
      if case .integer(let count)? = stream.call.constants.first {
        Int(min(max(count, 0), Int64(Self.mostValues)))
      } else {
        10
      }
  }

  func begin(_ row: Int, count: Int64) { best.removeAll(keepingCapacity: true) }

  func add(_ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64) throws(Fault) {
    // Values come in order, so an equal count never passes one that is already there.
    if best.count >= limit, let last = best.last, last.count >= count { return }
    var (low, high) = (0, best.count)
    while low < high {
      let middle = (low + high) / 2
      if best[middle].count >= count { low = middle + 1 } else { high = middle }
    }
    best.insert(Entry(key: Array(key.rest), spelling: Array(spelling), count: count), at: low)
    if best.count > limit { best.removeLast() }
  }

  func end(into column: Column, _ row: Int) throws(Fault) {
    guard !best.isEmpty, let oid = type.oid else { return column.writeNull(row) }
    var array = ArrayEncoder(elementOID: oid)
    for entry in best {
      value.clear()
      try decode(entry)
      array.append(value, 0, type: type)
    }
    column.setValid(row)
    column.setBytes(row, array.bytes)
  }

  private func decode(_ entry: Entry) throws(Fault) {
    let key = ByteWriter()
    key.append(entry.key[...])
    let spelling = ByteWriter()
    spelling.append(entry.spelling[...])
    var reader = KeyReader(key.bytes)
    try layout.columns[0].decode(&reader, spelling: spelling.bytes, into: value, 0)
  }
}
