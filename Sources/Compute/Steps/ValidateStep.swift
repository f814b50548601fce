internal import Expressions
internal import Model

/// `validate`: every rule is judged for every row; NULL does not pass.
final class ValidateStep: StepRunner {
  let columns: [Column]
  private let facts: StepFacts
  private let onFail: Step.OnFail
  private let rules: [TypedStep.Rule]
  private let expressions: StepExpressions
  private let program: Program
  private let remaining = Selection()
  private let passed = Selection()
  private let failed = Selection()

  init(
    _ rules: [TypedStep.Rule], _ step: TypedStep, columns: [Column], zones: ZoneContext
  ) throws(Fault) {
    self.columns = columns
    self.rules = rules
    facts = StepFacts(name: step.name, place: step.place)
    onFail = step.onFail
    expressions = StepExpressions(
      rules.map { ($0.expect, $0.source) }, schema: step.columnsBefore, columns: columns)
    program = try Program(rules.map(\.expect), schema: step.columnsBefore, zones: zones)
  }

  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows {
    program.run(columns, rows)
    try program.requireRoom(facts)
    if onFail == .keep { return rows }
    var passing = rows
    for number in rules.indices {
      passed.take(passing, whereTrue: program.result(number))
      if passed.count < passing.count { passing = passed.rows }
    }
    guard passing.count < rows.count else { return rows }
    // What is in `rows` and not in `passing`, both rising.
    var next = 0
    failed.take(rows) { row in
      let passes = next < passing.count && passing[next] == row
      if passes { next += 1 }
      return !passes
    }
    judge.beginStep()
    for position in 0..<failed.count {
      let row = Int(failed.indices[position])
      try judge.refuse(row, step: facts, onFail: onFail, broken: broken(row))
    }
    return judge.remaining(rows, in: remaining)
  }

  private func broken(_ row: Int) -> [Rejection.BrokenRule] {
    rules.indices.compactMap { number in
      let rule = rules[number].name
      if let fault = program.faults.first(where: { $0.row == row && $0.expression == number }) {
        return expressions.broken(number, row, rule: rule, fault.fault)
      }
      let result = program.result(number)
      if result.isValid(row) && result.integers[row] != 0 { return nil }
      let outcome = result.isValid(row) ? "false" : "NULL"
      return Rejection.BrokenRule(
        rule: rule, reason: "rule_failed",
        detail: "\(expressions.sources[number]) is \(outcome); \(expressions.values(number, row))")
    }
  }
}
