internal import Expressions
internal import Model

/// `+ - * /` and `age` over dates, times and intervals.
struct MomentArithmetic: BinaryKernel {
  enum Operator {
    case addDays, subtractDays, subtractDates
    case addInterval, subtractInterval, subtractMoments, age
    case addIntervals, subtractIntervals, multiplyInterval, divideInterval
  }

  let operation: Operator
  /// The zone whose calendar a `timestamptz` follows; `nil` for a `timestamp`.
  let zone: ZoneRules?
  /// Whether what an interval is added to or taken from is a date.
  let isOfDates: Bool
  let left: Register
  let right: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ left: Column, _ right: Column, _ out: Column) {
    switch operation {
    case .addDays, .subtractDays, .subtractDates: withDates(rows, left, right, out, frame)
    case .addInterval, .subtractInterval:
      let (moments, intervals) = (left.integers, right.intervals)
      let isAddition = operation == .addInterval
      out.mapIntegers(rows, frame) { row throws(RowFault) in
        let moment =
          isOfDates
          ? try Timestamp(DateValue(days: Int32(truncatingIfNeeded: moments[row])))
          : Timestamp(microseconds: moments[row])
        return isAddition
          ? try moment.adding(intervals[row], in: zone).microseconds
          : try moment.subtracting(intervals[row], in: zone).microseconds
      }
    case .subtractMoments, .age:
      let (a, b) = (left.integers, right.integers)
      let isAge = operation == .age
      out.mapIntervals(rows, frame) { row throws(RowFault) in
        let (end, start) = (Timestamp(microseconds: a[row]), Timestamp(microseconds: b[row]))
        return isAge ? try end.age(since: start, in: zone) : try end.subtracting(start)
      }
    case .addIntervals:
      let (a, b) = (left.intervals, right.intervals)
      out.mapIntervals(rows, frame) { row throws(RowFault) in try a[row].adding(b[row]) }
    case .subtractIntervals:
      let (a, b) = (left.intervals, right.intervals)
      out.mapIntervals(rows, frame) { row throws(RowFault) in try a[row].subtracting(b[row]) }
    case .multiplyInterval:
      let (a, b) = (left.intervals, right.doubles)
      out.mapIntervals(rows, frame) { row throws(RowFault) in try a[row].multiplied(by: b[row]) }
    case .divideInterval:
      let (a, b) = (left.intervals, right.doubles)
      out.mapIntervals(rows, frame) { row throws(RowFault) in try a[row].divided(by: b[row]) }
    }
  }

  private func withDates(_ rows: Rows, _ left: Column, _ right: Column, _ out: Column, _ frame: Frame) {
    let (a, b) = (left.integers, right.integers)
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      let date = DateValue(days: Int32(truncatingIfNeeded: a[row]))
      let number = Int32(truncatingIfNeeded: b[row])
      return switch operation {
      case .addDays: Int64(try date.adding(days: number).days)
      case .subtractDays: Int64(try date.subtracting(days: number).days)
      default: Int64(try date.subtracting(DateValue(days: number)))
      }
    }
  }
}

/// `-` of an interval.
struct IntervalNegation: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.intervals
    out.mapIntervals(rows, frame) { row throws(RowFault) in try lanes[row].negated() }
  }
}
