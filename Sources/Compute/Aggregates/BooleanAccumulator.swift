import Expressions
import Model

/// `bool_and` and `bool_or`: which of both truth values a group has seen.
final class BooleanAccumulator: Accumulator {
  private static let sawFalse: UInt8 = 1
  private static let sawTrue: UInt8 = 2
  private let seen = Lane<UInt8>(0)

  var memory: Int { seen.memory }

  func grow(to count: Int) { seen.grow(to: count) }

  func removeAll() { seen.removeAll() }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let lanes = arguments[0].integers
    let seen = seen.base
    rows.forEachValue(of: arguments[0]) { row, group in
      seen[group] |= lanes[row] == 0 ? Self.sawFalse : Self.sawTrue
    }
  }

  func write(_ group: Int, to writer: ByteWriter) { writer.append(seen[group]) }

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
