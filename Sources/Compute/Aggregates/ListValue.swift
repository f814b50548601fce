import Expressions
import Model

/// Reads the values of a list out of the records of its sorted stream, one at a time.
struct ListValue {
  private let layout: KeyLayout
  private let orderCount: Int
  private let isDistinct: Bool
  let type: SQLType
  /// The value that was read last, in its only row.
  let column: Column

  init(_ stream: ValueStream) {
    layout = stream.layout
    orderCount = stream.orderCount
    isDistinct = stream.isDistinct
    type = stream.inputs[stream.orderCount].type
    column = Column(type)
  }

  /// - Parameter count: how often the record was met.
  /// - Returns: how often its value stands in the list.
  mutating func read(
    _ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64
  ) throws(Fault) -> Int64 {
    var key = key
    for column in layout.columns.prefix(orderCount) { try column.skip(&key) }
    let part = UnsafeBufferPointer(rebasing: spelling[layout.spellingOffsets[orderCount]...])
    column.clear()
    try layout.columns[orderCount].decode(&key, spelling: part, into: column, 0)
    return isDistinct ? 1 : count
  }

  static func tooLong(_ function: String, _ limit: Int) -> Fault {
    Fault(
      "list_too_long", .resource,
      "A group's `\(function)` is longer than \(limit >> 20) MiB",
      hint: "Group more finely, or filter what goes into the list")
  }
}
