import Expressions
import Model

/// `count(*)` and `count(x)`.
final class CountAccumulator: Accumulator {
  private let counts = Lane<Int64>(0)

  var memory: Int { counts.memory }

  func grow(to count: Int) { counts.grow(to: count) }

  func removeAll() { counts.removeAll() }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let counts = counts.base
    if let argument = arguments.first {
      rows.forEachValue(of: argument) { _, group in counts[group] &+= 1 }
    } else {
      let groups = rows.groups
      rows.rows.forEach { counts[Int(groups[$0])] &+= 1 }
    }
  }

  func count(ofGroup group: Int) -> Int64 { counts[group] }

  func write(_ group: Int, to writer: ByteWriter) { writer.append(signed: counts[group]) }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    let (sum, tooBig) = counts[group].addingReportingOverflow(try reader.readSigned())
    if tooBig { throw ByteReader.damaged("a count is out of range") }
    counts[group] = sum
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    column.setValid(row)
    column.integers[row] = counts[group]
  }
}
