internal import Expressions
internal import Model

/// CASE: each branch's condition is evaluated for the rows that no earlier one took, its result only for the
/// rows that it takes itself.
struct Conditional: Kernel {
  struct Branch {
    let condition: Block
    let result: Block
    let taken: Selection
  }

  let branches: [Branch]
  let otherwise: Block?
  let left: Selection
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let out = frame[output]
    out.clear()
    var remaining = rows
    for branch in branches where !remaining.isEmpty {
      let condition = frame.run(branch.condition, remaining)
      let lanes = condition.integers
      branch.taken.take(remaining, whereTrue: condition)
      if branch.taken.count == remaining.count {
        return out.copy(remaining, from: frame.run(branch.result, remaining), frame)
      }
      // The condition's register may be written again by the result: read it to the end first. So may the
      // memory of the rows that remained so far, which is that of those that remain now.
      left.take(remaining) { condition.isNull($0) || lanes[$0] == 0 }
      let taken = branch.taken.rows
      if !taken.isEmpty { out.copy(taken, from: frame.run(branch.result, taken), frame) }
      remaining = left.rows
    }
    guard !remaining.isEmpty else { return }
    if let otherwise {
      out.copy(remaining, from: frame.run(otherwise, remaining), frame)
    } else {
      remaining.forEach { out.writeNull($0) }
    }
  }
}

extension Compiler {
  mutating func conditional(
    _ branches: [TypedExpression.Branch], otherwise: TypedExpression?, type: SQLType
  ) throws(Fault) -> Register {
    let output = output(type)
    var compiled: [Conditional.Branch] = []
    for branch in branches {
      let condition = try block(branch.condition)
      release(condition.result)
      let result = try block(branch.result)
      release(result.result)
      compiled.append(Conditional.Branch(condition: condition, result: result, taken: Selection()))
    }
    var last: Block?
    if let otherwise {
      let block = try block(otherwise)
      release(block.result)
      last = block
    }
    emit(Conditional(branches: compiled, otherwise: last, left: Selection(), output: output))
    return output
  }
}
