import Expressions
import Model

/// `array_agg`: the values in order as a Postgres array of up to 256 MiB, NULLs included.
final class ArrayFinisher: StreamFinisher {
  private let layout: KeyLayout
  private let orderCount: Int
  private let isDistinct: Bool
  private let type: SQLType
  private let value: Column
  private var array: ArrayEncoder
  private var scratch: [UInt8] = []

  /// - Throws: `Fault` `unsupported_aggregate` for types that have no fixed number in Postgres.
  init(_ stream: ValueStream) throws(Fault) {
    layout = stream.layout
    orderCount = stream.orderCount
    isDistinct = stream.isDistinct
    type = stream.inputs[stream.orderCount].type
    value = Column(type)
    guard let oid = type.oid else { throw StateKind.unsupported(stream.call) }
    array = ArrayEncoder(elementOID: oid)
  }

  func begin(_ row: Int, count: Int64) { array.removeAll() }

  func add(_ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64) throws(Fault) {
    var key = key
    for column in layout.columns.prefix(orderCount) { try column.skip(&key) }
    let part = UnsafeBufferPointer(rebasing: spelling[layout.spellingOffsets[orderCount]...])
    value.clear()
    try layout.columns[orderCount].decode(&key, spelling: part, into: value, 0, scratch: &scratch)
    for _ in 0..<(isDistinct ? 1 : count) {
      array.append(value, 0, type: type)
      guard array.byteCount <= ArrayEncoder.longestArray else {
        throw TextListFinisher.tooLong("array_agg", ArrayEncoder.longestArray)
      }
    }
  }

  func end(into column: Column, _ row: Int) throws(Fault) {
    if array.count == 0 { return column.writeNull(row) }
    column.setValid(row)
    column.setBytes(row, array.bytes)
  }
}
