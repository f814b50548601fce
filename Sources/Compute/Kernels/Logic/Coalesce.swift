internal import Expressions
internal import Model

/// COALESCE: each operand is evaluated only for the rows in which all earlier ones are NULL.
struct Coalesce: Kernel {
  let operands: [Block]
  let missing: Selection
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let out = frame[output]
    out.clear()
    var remaining = rows
    for operand in operands where !remaining.isEmpty {
      out.copy(remaining, from: frame.run(operand, remaining), frame)
      if !out.hasNulls { return }
      missing.take(remaining) { out.isNull($0) }
      remaining = missing.rows
    }
  }
}

extension Compiler {
  mutating func coalesce(_ operands: [TypedExpression], type: SQLType) throws(Fault) -> Register {
    let output = output(type)
    var blocks: [Block] = []
    for operand in operands {
      let block = try block(operand)
      release(block.result)
      blocks.append(block)
    }
    emit(Coalesce(operands: blocks, missing: Selection(), output: output))
    return output
  }
}

/// NULLIF: the first operand, or NULL where both are equal.
struct NullIf: Kernel {
  let rule: ComparisonRule
  let value: Register
  /// The value as it is compared.
  let left: Register
  let right: Register
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let (left, right, out) = (frame[left], frame[right], frame[output])
    out.clear()
    out.copy(rows, from: frame[value], frame)
    rows.forEach { row in
      guard left.isValid(row), right.isValid(row), rule.order(left, row, right, row) == 0 else { return }
      out.writeNull(row)
    }
  }
}

extension Compiler {
  mutating func nullIf(
    _ left: TypedExpression, _ right: TypedExpression, type: SQLType
  ) throws(Fault) -> Register {
    let rule = ComparisonRule(left.type)
    let types = [left.type, right.type]
    let value = try compile(left)
    let (left, right) = try comparable(value, try compile(right), types, keepsLeft: true)
    let output = output(type)
    emit(NullIf(rule: rule, value: value, left: left, right: right, output: output))
    release(value, left, right)
    return output
  }
}

/// GREATEST and LEAST: NULLs are left out; NULL only where all are. Of equal values the first one stays.
struct Extreme: Kernel {
  let isGreatest: Bool
  let rule: ComparisonRule
  let operands: [Register]
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let out = frame[output]
    out.clear()
    let columns = operands.map { frame[$0] }
    rows.forEach { row in
      var best: Column?
      for column in columns where column.isValid(row) {
        guard let present = best else {
          best = column
          continue
        }
        let order = rule.order(column, row, present, row)
        if isGreatest ? order > 0 : order < 0 { best = column }
      }
      if let best { out.copy(row, from: best, frame) } else { out.writeNull(row) }
    }
  }
}

extension Compiler {
  mutating func extreme(
    _ operands: [TypedExpression], isGreatest: Bool, type: SQLType
  ) throws(Fault) -> Register {
    var registers: [Register] = []
    for operand in operands { registers.append(try compile(operand)) }
    let output = output(type)
    emit(
      Extreme(isGreatest: isGreatest, rule: ComparisonRule(type), operands: registers, output: output))
    for register in registers { release(register) }
    return output
  }
}
