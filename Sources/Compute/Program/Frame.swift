package import Model

/// One row's fault: the expression of the program that could not be computed for it, and why.
package struct FaultedRow {
  package let row: Int
  /// The number of the expression in the program.
  package let expression: Int
  package let fault: RowFault
}

/// What kernels work on: registers, and the faults of the rows seen so far.
final class Frame {
  private(set) var registers: [Column]
  private(set) var faults: [FaultedRow] = []
  private var expression = 0
  /// One bit per row that has faulted in the present expression: a row's first fault counts.
  private var faulted = [UInt64](repeating: 0, count: Column.validityWords)
  private var hasFaulted = false

  init(registers: [Column]) {
    self.registers = registers
  }

  subscript(register: Register) -> Column { registers[register.index] }

  /// Puts the columns of a batch into the first registers, and forgets the faults of the last one.
  func begin(_ columns: [Column]) {
    for index in columns.indices where registers[index] !== columns[index] {
      registers[index] = columns[index]
    }
    faults.removeAll(keepingCapacity: true)
  }

  func beginExpression(_ number: Int) {
    expression = number
    guard hasFaulted else { return }
    hasFaulted = false
    for word in faulted.indices { faulted[word] = 0 }
  }

  /// Records that the present expression cannot be computed for a row. The caller writes NULL there.
  func fail(_ row: Int, _ fault: RowFault) {
    let bit: UInt64 = 1 << UInt64(row & 63)
    guard faulted[row >> 6] & bit == 0 else { return }
    faulted[row >> 6] |= bit
    hasFaulted = true
    faults.append(FaultedRow(row: row, expression: expression, fault: fault))
  }

  /// Runs a block for `rows` and gives its value.
  func run(_ block: Block, _ rows: Rows) -> Column {
    for kernel in block.kernels { kernel.run(rows, self) }
    return self[block.result]
  }
}
