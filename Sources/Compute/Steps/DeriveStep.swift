internal import Expressions
internal import Model

/// `derive`: new columns from expressions, each seeing the entries before it.
final class DeriveStep: StepRunner {
  let columns: [Column]
  private let inputs: [Column]
  private let facts: StepFacts
  private let onFail: Step.OnFail
  private let names: [String]
  private let expressions: StepExpressions
  private let program: Program
  private let remaining = Selection()

  init(
    _ entries: [TypedStep.Derivation], _ step: TypedStep, names: [String], columns: [Column],
    zones: ZoneContext
  ) throws(Fault) {
    inputs = columns
    self.names = names
    facts = StepFacts(name: step.name, place: step.place)
    onFail = step.onFail
    expressions = StepExpressions(
      entries.map { ($0.expression, $0.source) }, schema: step.columnsBefore, columns: columns)
    var compiler = Compiler(schema: step.columnsBefore, zones: zones)
    var blocks: [Block] = []
    for entry in entries {
      let block = try compiler.root(entry.expression)
      blocks.append(block)
      compiler.define(column: entry.into, as: block.result)
    }
    program = Program(blocks: blocks, compiler: compiler)
    program.run(columns, Rows(count: 0))
    var outputs = columns
    for (number, entry) in entries.enumerated() {
      if entry.into == outputs.count {
        outputs.append(program.result(number))
      } else {
        outputs[entry.into] = program.result(number)
      }
    }
    self.columns = outputs
  }

  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows {
    program.run(inputs, rows)
    try program.requireRoom(facts)
    let faults = program.faults
    guard !faults.isEmpty, onFail != .keep else { return rows }
    judge.beginStep()
    let faultedRows = Set(faults.map(\.row)).sorted()
    for row in faultedRows {
      try judge.refuse(row, step: facts, onFail: onFail, broken: broken(row, faults))
    }
    return judge.remaining(rows, in: remaining)
  }

  private func broken(_ row: Int, _ faults: [FaultedRow]) -> [Rejection.BrokenRule] {
    faults.filter { $0.row == row }.map {
      expressions.broken($0.expression, row, rule: names[$0.expression], $0.fault)
    }
  }
}
