internal import Expressions
internal import Model

/// `parse`: reads a text column as another type. Text that cannot be read follows `on_fail`, and is NULL under
/// `keep`.
final class ParseStep: StepRunner {
  let columns: [Column]
  private let facts: StepFacts
  private let onFail: Step.OnFail
  private let from: Column
  private let to: Column
  private let parser: TextReader
  private let describe: (schema: [ColumnSchema], columns: [Column], number: Int)
  private let remaining = Selection()

  init(
    column: Int, into: Int, target: Step.Parsing.Target, type: SQLType, _ step: TypedStep,
    columns: [Column], zones: ZoneContext
  ) throws(Fault) {
    facts = StepFacts(name: step.name, place: step.place)
    onFail = step.onFail
    from = columns[column]
    to = Column(type)
    parser = try TextReader(target, type: type, zones: zones, place: step.place)
    describe = (step.columnsBefore, columns, column)
    var outputs = columns
    if into == outputs.count { outputs.append(to) } else { outputs[into] = to }
    self.columns = outputs
  }

  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows {
    judge.beginStep()
    to.clear()
    for position in 0..<rows.count {
      let row = rows[position]
      guard from.isValid(row) else {
        to.writeNull(row)
        continue
      }
      do throws(RowFault) {
        try parser.read(from.bytes(row), into: to, row)
      } catch {
        to.writeNull(row)
        let sentence = error.sentence
        try judge.refuse(row, step: facts, onFail: onFail, broken: [broken(row, sentence)])
      }
    }
    return judge.remaining(rows, in: remaining)
  }

  private func broken(_ row: Int, _ sentence: String) -> Rejection.BrokenRule {
    let value = ValueText.list([describe.number], describe.schema, describe.columns, row)
    return Rejection.BrokenRule(
      rule: facts.name, reason: "invalid_text", detail: "\(sentence); \(value)")
  }
}
