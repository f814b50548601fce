import Expressions
import Model

/// `bool_and` and `bool_or`: which of both truth values a group has seen.
final class BooleanAccumulator: Accumulator {
  private static let sawFalse: UInt8 = 1
  private static let sawTrue: UInt8 = 2
  private var seen: [UInt8] = []

  var memory: Int { seen.capacity }

  func grow(to count: Int) { seen.grow(to: count, with: 0) }

  func removeAll() { seen = [] }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let lanes = arguments[0].integers
    seen.withUnsafeMutableBufferPointer { seen in
      rows.forEachValue(of: arguments[0]) { row, group in
        seen[group] |= lanes[row] == 0 ? Self.sawFalse : Self.sawTrue
      }
    }
  }

  func write(_ group: Int, to writer: inout ByteWriter) { writer.append(seen[group]) }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    seen[group] |= try reader.readByte()
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    let seen = seen[group]
    guard seen != 0 else { return column.writeNull(row) }
    column.setValid(row)
    let isTrue = result.function == .boolAnd ? seen & Self.sawFalse == 0 : seen & Self.sawTrue != 0
    column.integers[row] = isTrue ? 1 : 0
  }
}
