internal import Expressions
internal import Model

/// `+ - * / %` over smallint, integer and bigint, each with the range of its own type.
struct IntegerArithmetic: BinaryKernel {
  enum Operator { case add, subtract, multiply, divide, modulo }

  let operation: Operator
  let range: IntegerRange
  let left: Register
  let right: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ left: Column, _ right: Column, _ out: Column) {
    switch operation {
    case .add: combine(rows, left, right, out, frame) { $0.addingReportingOverflow($1) }
    case .subtract: combine(rows, left, right, out, frame) { $0.subtractingReportingOverflow($1) }
    case .multiply: combine(rows, left, right, out, frame) { $0.multipliedReportingOverflow(by: $1) }
    case .divide:
      divide(rows, left, right, out, frame) { a, b throws(RowFault) in
        let (quotient, tooBig) = a.dividedReportingOverflow(by: b)
        guard !tooBig, range.holds(quotient) else { throw .numericOutOfRange(range.name) }
        return quotient
      }
    case .modulo:
      // The one overflowing case, the least number by -1, is zero as in Postgres.
      divide(rows, left, right, out, frame) { a, b throws(RowFault) in b == -1 ? 0 : a % b }
    }
  }

  /// Computes without looking at overflow, notes whether there was any, and only then looks for the rows.
  @inline(__always)
  private func combine(
    _ rows: Rows, _ left: Column, _ right: Column, _ out: Column, _ frame: Frame,
    _ compute: (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
  ) {
    let (a, b, to) = (left.integers, right.integers, out.integers)
    var overflowed = false
    switch range {
    case .smallint:
      rows.forEach { row in
        let (value, tooBig) = compute(a[row], b[row])
        to[row] = value
        overflowed = overflowed || tooBig || Int64(Int16(truncatingIfNeeded: value)) != value
      }
    case .integer:
      rows.forEach { row in
        let (value, tooBig) = compute(a[row], b[row])
        to[row] = value
        overflowed = overflowed || tooBig || Int64(Int32(truncatingIfNeeded: value)) != value
      }
    case .bigint:
      rows.forEach { row in
        let (value, tooBig) = compute(a[row], b[row])
        to[row] = value
        overflowed = overflowed || tooBig
      }
    }
    guard overflowed else { return }
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      let (value, tooBig) = compute(a[row], b[row])
      guard !tooBig, range.holds(value) else { throw .numericOutOfRange(range.name) }
      return value
    }
  }

  @inline(__always)
  private func divide(
    _ rows: Rows, _ left: Column, _ right: Column, _ out: Column, _ frame: Frame,
    _ compute: (Int64, Int64) throws(RowFault) -> Int64
  ) {
    let (a, b) = (left.integers, right.integers)
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      guard b[row] != 0 else { throw .divisionByZero }
      return try compute(a[row], b[row])
    }
  }
}

/// The range of an integer type.
enum IntegerRange {
  case smallint, integer, bigint

  init(_ type: SQLType) {
    switch type {
    case .smallint: self = .smallint
    case .integer: self = .integer
    default: self = .bigint
    }
  }

  var name: String {
    switch self {
    case .smallint: "smallint"
    case .integer: "integer"
    case .bigint: "bigint"
    }
  }

  @inline(__always)
  func holds(_ value: Int64) -> Bool {
    switch self {
    case .smallint: Int64(Int16(truncatingIfNeeded: value)) == value
    case .integer: Int64(Int32(truncatingIfNeeded: value)) == value
    case .bigint: true
    }
  }
}

/// `-` and `abs` of an integer.
struct IntegerSign: UnaryKernel {
  enum Operator { case negate, abs }

  let operation: Operator
  let range: IntegerRange
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.integers
    out.mapIntegers(rows, frame) { row throws(RowFault) in
      let value = lanes[row]
      if operation == .abs && value >= 0 { return value }
      let (negated, tooBig) = Int64(0).subtractingReportingOverflow(value)
      guard !tooBig, range.holds(negated) else { throw .numericOutOfRange(range.name) }
      return negated
    }
  }
}
