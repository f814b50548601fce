internal import Expressions
internal import Model

/// `+ - * /` over real and double precision, with Postgres's faults: a result that became infinite, or zero,
/// out of finite, non-zero operands is out of range.
struct FloatArithmetic: BinaryKernel {
  enum Operator { case add, subtract, multiply, divide }

  let operation: Operator
  /// Computed in single precision.
  let isReal: Bool
  let left: Register
  let right: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ left: Column, _ right: Column, _ out: Column) {
    let (a, b) = (left.doubles, right.doubles)
    switch operation {
    case .add:
      out.mapDoubles(rows, frame) { row throws(RowFault) in
        try checked(isReal ? Double(Float(a[row]) + Float(b[row])) : a[row] + b[row], a[row], b[row], true)
      }
    case .subtract:
      out.mapDoubles(rows, frame) { row throws(RowFault) in
        try checked(isReal ? Double(Float(a[row]) - Float(b[row])) : a[row] - b[row], a[row], b[row], true)
      }
    case .multiply:
      out.mapDoubles(rows, frame) { row throws(RowFault) in
        try checked(
          isReal ? Double(Float(a[row]) * Float(b[row])) : a[row] * b[row], a[row], b[row],
          a[row] == 0 || b[row] == 0)
      }
    case .divide:
      out.mapDoubles(rows, frame) { row throws(RowFault) in
        if b[row] == 0 && !a[row].isNaN { throw .divisionByZero }
        // A finite number over an infinite one is zero rightly.
        return try checked(
          isReal ? Double(Float(a[row]) / Float(b[row])) : a[row] / b[row], a[row], b[row],
          a[row] == 0 || b[row].isInfinite)
      }
    }
  }

  @inline(__always)
  private func checked(_ value: Double, _ a: Double, _ b: Double, _ mayBeZero: Bool) throws(RowFault)
    -> Double
  {
    if value.isInfinite && !a.isInfinite && !b.isInfinite { throw .floatOverflow }
    if value == 0 && !mayBeZero { throw .floatUnderflow }
    return value
  }
}

extension RowFault {
  static let floatOverflow = RowFault(sqlState: "22003", sentence: "value out of range: overflow")
  static let floatUnderflow = RowFault(sqlState: "22003", sentence: "value out of range: underflow")
}
