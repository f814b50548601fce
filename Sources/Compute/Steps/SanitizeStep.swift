internal import Expressions
internal import Model

/// `sanitize`: cleans text columns, each by its operations in order. Never refuses a row.
final class SanitizeStep: StepRunner {
  let columns: [Column]
  private let entries: [SanitizedColumn]

  init(_ sanitizings: [TypedStep.Sanitizing], _ step: TypedStep, columns: [Column]) throws(Fault) {
    var outputs = columns
    var entries: [SanitizedColumn] = []
    for sanitizing in sanitizings {
      var operations: [TextSanitizer] = []
      for operation in sanitizing.operations {
        operations.append(try TextSanitizer(operation, place: step.place))
      }
      let entry = SanitizedColumn(
        outputs[sanitizing.column], isPadded: step.columnsBefore[sanitizing.column].type.isChar, operations)
      entries.append(entry)
      outputs[sanitizing.column] = entry.to
    }
    self.entries = entries
    self.columns = outputs
  }

  func run(_ rows: Rows, _ judge: RowJudge) throws(Fault) -> Rows {
    for entry in entries { entry.run(rows) }
    return rows
  }
}
