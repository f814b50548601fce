internal import Expressions
internal import Model

/// `||` and `concat`: texts joined. NULL makes `||` NULL, and counts as empty for `concat`.
struct Concatenation: Kernel {
  let skipsNulls: Bool
  let operands: [Register]
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let columns = operands.map { frame[$0] }
    let out = frame[output]
    out.hasNulls = false
    if !skipsNulls {
      for (index, column) in columns.enumerated() {
        if index == 0 { out.takeNulls(of: column) } else { out.addNulls(of: column) }
      }
    }
    if columns.count == 2, !skipsNulls {
      let (left, right) = (columns[0], columns[1])
      return out.mapBytes(rows, frame) { row throws(RowFault) in
        out.addBytes(left.bytes(row))
        out.addBytes(right.bytes(row))
      }
    }
    out.mapBytes(rows, frame) { row throws(RowFault) in
      for column in columns where column.isValid(row) { out.addBytes(column.bytes(row)) }
    }
  }
}

extension Compiler {
  mutating func concatenation(_ operands: [TypedExpression], skipsNulls: Bool) throws(Fault) -> Register {
    var registers: [Register] = []
    for operand in operands {
      let register = try compile(operand)
      registers.append(
        skipsNulls ? try printed(register, operand.type) : try castToText(register, operand.type, .text))
    }
    let output = output(.text)
    emit(Concatenation(skipsNulls: skipsNulls, operands: registers, output: output))
    for register in registers { release(register) }
    return output
  }

  /// What a type's output function prints, which differs from its cast to text for boolean and `char(n)`.
  private mutating func printed(_ register: Register, _ type: SQLType) throws(Fault) -> Register {
    switch type {
    case .boolean: try unary(register, .text) { BooleanLetter(operand: $0, output: $1) }
    case .char: register
    default: try castToText(register, type, .text)
    }
  }
}

/// A boolean as `t` or `f`.
struct BooleanLetter: UnaryKernel {
  let operand: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame, _ from: Column, _ out: Column) {
    let lanes = from.integers
    out.mapBytes(rows, frame) { row throws(RowFault) in
      out.addByte(lanes[row] != 0 ? UInt8(ascii: "t") : UInt8(ascii: "f"))
    }
  }
}
