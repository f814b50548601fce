import Expressions
import Model

/// `string_agg`: texts joined in order, up to 256 MiB.
final class TextListFinisher: StreamFinisher {
  static let longestText = 1 << 28

  private let layout: KeyLayout
  private let orderCount: Int
  private let isDistinct: Bool
  private let separator: [UInt8]
  private let value: Column
  private var text: [UInt8] = []
  private var isEmpty = true
  private var scratch: [UInt8] = []

  init(_ stream: ValueStream) {
    layout = stream.layout
    orderCount = stream.orderCount
    isDistinct = stream.isDistinct
    value = Column(stream.inputs[stream.orderCount].type)
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
    var key = key
    for column in layout.columns.prefix(orderCount) { try column.skip(&key) }
    let part = UnsafeBufferPointer(rebasing: spelling[layout.spellingOffsets[orderCount]...])
    value.clear()
    try layout.columns[orderCount].decode(&key, spelling: part, into: value, 0, scratch: &scratch)
    for _ in 0..<(isDistinct ? 1 : count) {
      if !isEmpty { text.append(contentsOf: separator) }
      isEmpty = false
      text.append(contentsOf: value.bytes(0))
      guard text.count <= Self.longestText else { throw Self.tooLong("string_agg", Self.longestText) }
    }
  }

  func end(into column: Column, _ row: Int) throws(Fault) {
    if isEmpty { return column.writeNull(row) }
    column.setValid(row)
    column.setBytes(row, text)
  }

  static func tooLong(_ function: String, _ limit: Int) -> Fault {
    Fault(
      "list_too_long", .resource,
      "A group's `\(function)` is longer than \(limit >> 20) MiB",
      hint: "Group more finely, or filter what goes into the list")
  }
}
