internal import Expressions
internal import Model

/// Numeric operators and functions that are computed value by value with Postgres's scale rules.
struct NumericFunction: BinaryKernel {
  enum Operator {
    case divide, modulo, wholeQuotient, power, logarithm
  }

  let operation: Operator
  let left: Register
  let right: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ left: Column, _ right: Column, _ out: Column) {
    switch operation {
    case .divide:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try left.decimal(row).divided(by: right.decimal(row))
      }
    case .modulo:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try left.decimal(row).remainder(dividingBy: right.decimal(row))
      }
    case .wholeQuotient:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try left.decimal(row).wholeQuotient(dividingBy: right.decimal(row))
      }
    case .power:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try left.decimal(row).power(right.decimal(row))
      }
    case .logarithm:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try right.decimal(row).logarithm(base: left.decimal(row))
      }
    }
  }
}

/// Numeric functions of one operand.
struct NumericMap: UnaryKernel {
  enum Operator {
    case negate, abs, sign, ceil, floor, squareRoot, exponential, naturalLogarithm, commonLogarithm
  }

  let operation: Operator
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    switch operation {
    case .negate: out.mapNumerics(rows, frame) { row throws(RowFault) in from.decimal(row).negated }
    case .abs: out.mapNumerics(rows, frame) { row throws(RowFault) in from.decimal(row).magnitude }
    case .sign: out.mapNumerics(rows, frame) { row throws(RowFault) in from.decimal(row).sign }
    case .ceil: out.mapNumerics(rows, frame) { row throws(RowFault) in try from.decimal(row).ceiling() }
    case .floor: out.mapNumerics(rows, frame) { row throws(RowFault) in try from.decimal(row).floor() }
    case .squareRoot:
      out.mapNumerics(rows, frame) { row throws(RowFault) in try from.decimal(row).squareRoot() }
    case .exponential:
      out.mapNumerics(rows, frame) { row throws(RowFault) in try from.decimal(row).exponential() }
    case .naturalLogarithm:
      out.mapNumerics(rows, frame) { row throws(RowFault) in try from.decimal(row).naturalLogarithm() }
    case .commonLogarithm:
      out.mapNumerics(rows, frame) { row throws(RowFault) in
        try from.decimal(row).logarithm(base: Decimal(Int64(10)))
      }
    }
  }
}
