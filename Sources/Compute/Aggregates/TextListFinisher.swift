import Expressions
import Model

/// `string_agg`: texts joined in order, up to 256 MiB.
final class TextListFinisher: StreamFinisher {
  static let longestText = 1 << 28

  private let separator: [UInt8]
  private var value: ListValue
  private var text: [UInt8] = []
  private var isEmpty = true

  init(_ stream: ValueStream) {
    value = ListValue(stream)
    separator =
      switch stream.call.constants.first {
      case .text(let text)?: Array(text.utf8)
      case .bytes(let bytes)?: bytes
      default: []
      }
  }

  func begin(_ row: Int, count: Int64) {
    text.removeAll(keepingCapacity: true)
    isEmpty = true
  }

  func add(_ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64) throws(Fault) {
    for _ in 0..<(try value.read(key, spelling: spelling, count: count)) {
      if !isEmpty { text.append(contentsOf: separator) }
      isEmpty = false
      text.append(contentsOf: value.column.bytes(0))
      guard text.count <= Self.longestText else { throw ListValue.tooLong("string_agg", Self.longestText) }
    }
  }

  func end(into column: Column, _ row: Int) throws(Fault) {
    if isEmpty { return column.writeNull(row) }
    column.setValid(row)
    column.setBytes(row, text)
  }
}
