package import Expressions
package import Model

/// Computes expressions over batches: typed trees compiled to a run of vector kernels over registers.
///
/// Made once per worker, run once per batch, without allocating once its registers have grown to size.
/// AND, OR, CASE and COALESCE evaluate their later operands only for the rows that need them, so a fault is
/// reported only for rows that are really evaluated. Nothing traps on any data.
///
/// Not safe to use from two threads at once.
package final class Program {
  private let blocks: [Block]
  private let frame: Frame

  /// Compiles expressions whose column numbers refer to `schema`.
  /// - Throws: `Fault` `not_compilable` for an expression that there is no kernel for.
  package convenience init(
    _ expressions: [TypedExpression], schema: [ColumnSchema], zones: ZoneContext
  ) throws(Fault) {
    var compiler = Compiler(schema: schema, zones: zones)
    var blocks: [Block] = []
    for expression in expressions { blocks.append(try compiler.root(expression)) }
    self.init(blocks: blocks, compiler: compiler)
  }

  init(blocks: [Block], compiler: borrowing Compiler) {
    self.blocks = blocks
    frame = Frame(registers: compiler.registers)
  }

  /// Computes all expressions for `rows` of `columns`, which stand in the schema's order.
  package func run(_ columns: [Column], _ rows: Rows) {
    frame.begin(columns)
    for (number, block) in blocks.enumerated() {
      frame.beginExpression(number)
      guard !rows.isEmpty else { continue }
      let known = frame.faults.count
      let result = frame.run(block, rows)
      // A fault inside COALESCE or CASE may have left some other value.
      for index in known..<frame.faults.count { result.writeNull(frame.faults[index].row) }
    }
  }

  /// The values of expression `number` for the rows of the last `run`; NULL where the row has faulted. Other
  /// rows hold anything. May be one of the input columns itself. Valid until the next `run`.
  package func result(_ number: Int) -> Column { frame[blocks[number].result] }

  /// The rows that faulted in the last `run`, at most one fault per row and expression, in the expressions'
  /// order.
  package var faults: [FaultedRow] { frame.faults }

  /// - Throws: `Fault` `batch_too_large` where the last `run` made more text than a column can hold.
  func requireRoom(_ step: StepFacts) throws(Fault) {
    guard faults.contains(where: { $0.fault.sqlState == RowFault.batchTooLarge.sqlState }) else { return }
    throw step.batchTooLarge(
      hint: "Make shorter texts, or let Postgres compute them, under `source.add_columns`")
  }
}
