internal import Expressions
internal import Model

/// NOT.
struct Negation: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let (lanes, to) = (from.integers, out.integers)
    rows.forEach { to[$0] = lanes[$0] ^ 1 }
  }
}

/// `IS [NOT] NULL`.
struct NullTest: Kernel {
  let isNegated: Bool
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, out) = (frame[operand], frame[output])
    out.hasNulls = false
    let to = out.integers
    rows.forEach { to[$0] = from.isNull($0) != isNegated ? 1 : 0 }
  }
}

/// `IS [NOT] TRUE | FALSE | UNKNOWN`.
struct BooleanTest: Kernel {
  let value: Bool?
  let isNegated: Bool
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (from, out) = (frame[operand], frame[output])
    out.hasNulls = false
    let (lanes, to) = (from.integers, out.integers)
    rows.forEach { row in
      let holds =
        if let value { from.isValid(row) && (lanes[row] != 0) == value } else { from.isNull(row) }
      to[row] = holds != isNegated ? 1 : 0
    }
  }
}

extension Compiler {
  mutating func negation(_ operand: TypedExpression) throws(Fault) -> Register {
    let operand = try compile(operand)
    let output = output(.boolean)
    emit(Negation(operand: operand, output: output))
    release(operand)
    return output
  }

  mutating func nullTest(_ operand: TypedExpression, negated: Bool) throws(Fault) -> Register {
    let operand = try compile(operand)
    let output = output(.boolean)
    emit(NullTest(isNegated: negated, operand: operand, output: output))
    release(operand)
    return output
  }

  mutating func booleanTest(
    _ operand: TypedExpression, _ value: Bool?, negated: Bool
  ) throws(Fault) -> Register {
    let operand = try compile(operand)
    let output = output(.boolean)
    emit(BooleanTest(value: value, isNegated: negated, operand: operand, output: output))
    release(operand)
    return output
  }
}
