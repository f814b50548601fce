internal import Expressions
internal import Model

/// What `validate`, `derive`, `filter` and aggregates share: expressions over columns, and words about the
/// rows for which they fail.
struct StepExpressions {
  let schema: [ColumnSchema]
  let columns: [Column]
  let sources: [String]
  private let read: [[Int]]

  init(_ expressions: [(TypedExpression, SourceText)], schema: [ColumnSchema], columns: [Column]) {
    self.schema = schema
    self.columns = columns
    sources = expressions.map(\.1.text)
    read = expressions.map { expression, _ in expression.columns.sorted().filter { $0 < schema.count } }
  }

  /// The values that expression `number` read of a row.
  func values(_ number: Int, _ row: Int) -> String {
    ValueText.list(read[number], schema, columns, row)
  }

  /// How a fault of expression `number` is recorded. The text that a fault quotes is left out where the
  /// expression reads a sensitive column.
  func broken(_ number: Int, _ row: Int, rule: String, _ fault: RowFault) -> Rejection.BrokenRule {
    var detail = fault.sentence
    if let text = fault.offendingText, !read[number].contains(where: { schema[$0].isSensitive }) {
      detail += ": \"\(text.prefix(200))\""
    }
    let values = values(number, row)
    return Rejection.BrokenRule(
      rule: rule, reason: fault.sqlState,
      detail: "\(sources[number]): \(detail)\(values.isEmpty ? "" : "; \(values)")")
  }
}
