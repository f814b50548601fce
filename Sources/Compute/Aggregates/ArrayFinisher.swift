import Expressions
import Model

/// `array_agg`: the values in order as a Postgres array of up to 256 MiB, NULLs included.
final class ArrayFinisher: StreamFinisher {
  private var value: ListValue
  private var array: ArrayEncoder

  /// - Throws: `Fault` `unsupported_aggregate` for types that have no fixed number in Postgres.
  init(_ stream: ValueStream) throws(Fault) {
    value = ListValue(stream)
    guard let oid = value.type.oid else { throw StateKind.unsupported(stream.call) }
    array = ArrayEncoder(elementOID: oid)
  }

  func begin(_ row: Int, count: Int64) { array.removeAll() }

  func add(_ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64) throws(Fault) {
    for _ in 0..<(try value.read(key, spelling: spelling, count: count)) {
      array.append(value.column, 0, type: value.type)
      guard array.byteCount <= ArrayEncoder.longestArray else {
        throw ListValue.tooLong("array_agg", ArrayEncoder.longestArray)
      }
    }
  }

  func end(into column: Column, _ row: Int) throws(Fault) {
    if array.count == 0 { return column.writeNull(row) }
    column.setValid(row)
    column.setBytes(row, array.bytes)
  }
}
