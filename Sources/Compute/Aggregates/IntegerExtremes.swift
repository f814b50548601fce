import Expressions
import Model

/// `min` and `max` over what an `Int64` holds in order: integers, dates, timestamps, and floats by their
/// ordered bits (NaN above infinity, as Postgres orders them).
final class IntegerExtremes: Accumulator {
  private let isMaximum: Bool
  private let isFloat: Bool
  private let values: Lane<Int64>
  private let isSeen = Lane<Bool>(false)

  /// - Parameter type: of the argument.
  init(_ type: SQLType, isMaximum: Bool) {
    self.isMaximum = isMaximum
    isFloat = type.isFloat
    values = Lane(isMaximum ? .min : .max)
  }

  var memory: Int { values.memory + isSeen.memory }

  func grow(to count: Int) {
    values.grow(to: count)
    isSeen.grow(to: count)
  }

  func removeAll() {
    values.removeAll()
    isSeen.removeAll()
  }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let column = arguments[0]
    if isFloat {
      let lanes = column.doubles
      take(rows, column) { Self.ordered(lanes[$0]) }
    } else {
      let lanes = column.integers
      take(rows, column) { lanes[$0] }
    }
  }

  @inline(__always)
  private func take(_ rows: GroupedRows, _ column: Column, _ value: (Int) -> Int64) {
    let isMaximum = isMaximum
    let (values, isSeen) = (values.base, isSeen.base)
    rows.forEachValue(of: column) { row, group in
      let value = value(row)
      isSeen[group] = true
      if isMaximum ? value > values[group] : value < values[group] { values[group] = value }
    }
  }

  private static func ordered(_ value: Double) -> Int64 {
    Int64(bitPattern: value.orderedBits ^ 1 << 63)
  }

  func write(_ group: Int, to writer: ByteWriter) {
    writer.append(isSeen[group] ? 1 : 0)
    if isSeen[group] { writer.append(fixed: values[group]) }
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    if try reader.readByte() == 0 { return }
    let value = try reader.readFixed(Int64.self)
    values[group] = isMaximum ? max(values[group], value) : min(values[group], value)
    isSeen[group] = true
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    guard isSeen[group] else { return column.writeNull(row) }
    column.setValid(row)
    if isFloat {
      column.doubles[row] = Double(orderedBits: UInt64(bitPattern: values[group]) ^ 1 << 63)
    } else {
      column.integers[row] = values[group]
    }
  }
}
