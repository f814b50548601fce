internal import Expressions
internal import Model

/// What `validate`, `derive` and `filter` share: expressions over a step's columns, and words about the rows
/// for which they fail.
struct StepExpressions {
  let schema: [ColumnSchema]
  let columns: [Column]
  let sources: [String]
  private let read: [[Int]]

  init(_ expressions: [(TypedExpression, SourceText)], schema: [ColumnSchema], columns: [Column]) {
    self.schema = schema
    self.columns = columns
    sources = expressions.map(\.1.text)
    read = expressions.map { expression, _ in
      var numbers: Set<Int> = []
      expression.collectColumns(into: &numbers)
      return numbers.sorted().filter { $0 < schema.count }
    }
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

extension TypedExpression {
  /// Adds the numbers of all columns that the expression reads.
  func collectColumns(into numbers: inout Set<Int>) {
    switch node {
    case .column(let number): numbers.insert(number)
    case .literal: break
    case .call(_, let operands), .and(let operands), .or(let operands), .coalesce(let operands),
      .greatest(let operands), .least(let operands):
      for operand in operands { operand.collectColumns(into: &numbers) }
    case .not(let operand), .isNull(let operand, _), .isBoolean(let operand, _, _), .cast(let operand):
      operand.collectColumns(into: &numbers)
    case .isDistinct(let left, let right, _), .nullIf(let left, let right):
      left.collectColumns(into: &numbers)
      right.collectColumns(into: &numbers)
    case .inList(let operand, let list, _):
      operand.collectColumns(into: &numbers)
      for item in list { item.collectColumns(into: &numbers) }
    case .conditional(let branches, let otherwise):
      for branch in branches {
        branch.condition.collectColumns(into: &numbers)
        branch.result.collectColumns(into: &numbers)
      }
      otherwise?.collectColumns(into: &numbers)
    }
  }
}
