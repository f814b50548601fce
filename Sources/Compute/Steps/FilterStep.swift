internal import Expressions
internal import Model

/// `filter`: rows for which the condition is true go on. A row whose condition faults follows `on_fail`, and
/// goes on under `keep`.
final class FilterStep: StepRunner {
  let columns: [Column]
  private let facts: StepFacts
  private let onFail: Step.OnFail
  private let expressions: StepExpressions
  private let program: Program
  private let taken = Selection()
  private let remaining = Selection()

  init(
    _ condition: TypedExpression, source: SourceText, _ step: TypedStep, columns: [Column],
    zones: ZoneContext
  ) throws(Fault) {
    self.columns = columns
    facts = StepFacts(name: step.name, place: step.place)
    onFail = step.onFail
    expressions = StepExpressions([(condition, source)], schema: step.columnsBefore, columns: columns)
    program = try Program([condition], schema: step.columnsBefore, zones: zones)
  }

  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows {
    program.run(columns, rows)
    try program.requireRoom(facts)
    let condition = program.result(0)
    // Kernels fault one after the other; the first row is the one that the run fails on.
    let faults = program.faults.sorted { $0.row < $1.row }
    var rows = rows
    if !faults.isEmpty {
      judge.beginStep()
      for faulted in faults {
        try judge.refuse(
          faulted.row, step: facts, onFail: onFail,
          broken: [expressions.broken(0, faulted.row, rule: facts.name, faulted.fault)])
      }
      rows = judge.remaining(rows, in: remaining)
    }
    if onFail == .keep, !faults.isEmpty {
      let kept = Set(faults.map(\.row))
      let lanes = condition.integers
      taken.take(rows) { kept.contains($0) || condition.isValid($0) && lanes[$0] != 0 }
    } else {
      taken.take(rows, whereTrue: condition)
    }
    judge.counts.filtered += Int64(rows.count - taken.count)
    return taken.count == rows.count ? rows : taken.rows
  }
}
