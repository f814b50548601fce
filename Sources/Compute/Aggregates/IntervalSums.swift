import Expressions
import Model

/// `sum` and `avg` over intervals: months, days and microseconds are summed apart, as Postgres does.
final class IntervalSums: Accumulator {
  private let counts = Lane<Int64>(0)
  private let months = Lane<Int64>(0)
  private let days = Lane<Int64>(0)
  private let microseconds = Lane<Int128>(0)

  var memory: Int { counts.memory * 3 + microseconds.memory }

  func grow(to count: Int) {
    counts.grow(to: count)
    months.grow(to: count)
    days.grow(to: count)
    microseconds.grow(to: count)
  }

  func removeAll() {
    counts.removeAll()
    months.removeAll()
    days.removeAll()
    microseconds.removeAll()
  }

  func update(_ rows: GroupedRows, _ arguments: [Column]) {
    let lanes = arguments[0].intervals
    rows.forEachValue(of: arguments[0]) { row, group in
      counts[group] &+= 1
      months[group] &+= Int64(lanes[row].months)
      days[group] &+= Int64(lanes[row].days)
      microseconds[group] &+= Int128(lanes[row].microseconds)
    }
  }

  func write(_ group: Int, to writer: ByteWriter) {
    writer.append(signed: counts[group])
    writer.append(signed: months[group])
    writer.append(signed: days[group])
    writer.append(signed: microseconds[group])
  }

  func merge(_ group: Int, from reader: inout ByteReader) throws(Fault) {
    let (count, tooMany) = counts[group].addingReportingOverflow(try reader.readSigned())
    if tooMany || count < 0 { throw ByteReader.damaged("a count is out of range") }
    counts[group] = count
    months[group] &+= try reader.readSigned()
    days[group] &+= try reader.readSigned()
    microseconds[group] &+= try reader.readSigned128()
  }

  func finish(
    _ result: Finishing, _ group: Int, into column: Column, _ row: Int
  ) throws(Fault) {
    guard counts[group] > 0 else { return column.writeNull(row) }
    guard let months = Int32(exactly: months[group]), let days = Int32(exactly: days[group]),
      let microseconds = Int64(exactly: microseconds[group])
    else { throw Fault.outOfRange("interval", result.function.rawValue) }
    let sum = CalendarInterval(months: months, days: days, microseconds: microseconds)
    column.setValid(row)
    if result.function == .avg {
      do {
        column.intervals[row] = try sum.divided(by: Double(counts[group]))
      } catch {
        throw Fault(error, in: "avg")
      }
    } else {
      column.intervals[row] = sum
    }
  }
}
