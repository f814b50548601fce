import Expressions
import Model

/// `percentile_cont`: interpolated between the two values next to the fraction, for floats and intervals.
/// Integers and numerics are taken as doubles.
final class InterpolatedPercentileFinisher: StreamFinisher {
  private let column: KeyColumn
  private let fraction: Double
  private let value: Column
  private var first: Int64 = 0
  private var second: Int64 = 0
  private var proportion = 0.0
  private var passed: Int64 = 0
  private var found = 0

  /// - Throws: `Fault` `unsupported_aggregate` for other types.
  init(_ stream: ValueStream) throws(Fault) {
    let type = stream.inputs[stream.orderCount].type
    guard type.isNumber || type == .interval else { throw StateKind.unsupported(stream.call) }
    column = stream.layout.columns[stream.orderCount]
    fraction = stream.call.fraction
    value = Column(type)
  }

  func begin(_ row: Int, count: Int64) {
    let position = fraction * Double(count - 1)
    first = Int64(position.rounded(.down))
    second = Int64(position.rounded(.up))
    proportion = position - position.rounded(.down)
    passed = 0
    found = 0
    value.clear()
  }

  func add(_ key: KeyReader, spelling: UnsafeBufferPointer<UInt8>, count: Int64) throws(Fault) {
    passed += count
    for target in [first, second].dropFirst(found) where passed > target {
      var key = key
      try column.decode(&key, spelling: spelling, into: value, found)
      found += 1
    }
  }

  func end(into result: Column, _ row: Int) throws(Fault) {
    guard found == 2 else { return result.writeNull(row) }
    result.setValid(row)
    do {
      if value.form == .intervals {
        result.intervals[row] =
          try first == second ? value.intervals[0] : between(value.intervals[0], value.intervals[1])
      } else {
        let (low, high) = (try double(0), try double(1))
        result.doubles[row] = first == second ? low : low + proportion * (high - low)
      }
    } catch {
      throw Fault(error, in: "percentile_cont")
    }
  }

  private func double(_ row: Int) throws(RowFault) -> Double {
    switch value.form {
    case .doubles: value.doubles[row]
    case .numerics: try value.decimal(row).double()
    default: Double(value.integers[row])
    }
  }

  /// As Postgres's `interval_lerp`.
  private func between(
    _ low: CalendarInterval, _ high: CalendarInterval
  ) throws(RowFault) -> CalendarInterval {
    let part = try high.subtracting(low).multiplied(by: proportion)
    return try low.adding(part)
  }
}
