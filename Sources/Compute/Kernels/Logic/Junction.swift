internal import Expressions
internal import Model

/// AND and OR of any number of operands, three-valued. Later operands are evaluated only for rows that the
/// earlier ones left undecided.
struct Junction: Kernel {
  let isOr: Bool
  let operands: [Block]
  let undecided: Selection
  let output: Register

  func run(_ rows: Rows, _ frame: Frame) {
    let out = frame[output]
    let first = frame.run(operands[0], rows)
    out.hasNulls = false
    out.copy(rows, from: first, frame)
    let decisive: Int64 = isOr ? 1 : 0
    let to = out.integers
    var remaining = rows
    for operand in operands.dropFirst() {
      undecided.take(remaining) { out.isNull($0) || to[$0] != decisive }
      if undecided.count == 0 { return }
      // All rows at once run faster than a list of all rows.
      if undecided.count < remaining.count { remaining = undecided.rows }
      let next = frame.run(operand, remaining)
      let lanes = next.integers
      remaining.forEach { row in
        if next.isNull(row) {
          out.setNull(row)
        } else if lanes[row] == decisive {
          out.setValid(row)
          to[row] = decisive
        }
      }
    }
  }
}

extension Compiler {
  mutating func junction(_ operands: [TypedExpression], isOr: Bool) throws(Fault) -> Register {
    if operands.count == 1 { return try compile(operands[0]) }
    let output = output(.boolean)
    var blocks: [Block] = []
    for operand in operands {
      let block = try block(operand)
      release(block.result)
      blocks.append(block)
    }
    emit(Junction(isOr: isOr, operands: blocks, undecided: Selection(), output: output))
    return output
  }
}
