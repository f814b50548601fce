package import Model

extension TypedExpression {
  /// The schema of a column that holds this expression over rows of `columns`.
  package func schema(named name: String, over columns: [ColumnSchema]) -> ColumnSchema {
    ColumnSchema(
      name: name, type: type, isNullable: isNullable(over: columns),
      isSensitive: self.columns.contains { columns[$0].isSensitive },
      isNondeterministic: isNondeterministic(over: columns))
  }

  /// False only where the expression cannot be NULL.
  func isNullable(over columns: [ColumnSchema]) -> Bool {
    switch node {
    case .column(let number): columns[number].isNullable
    case .literal(let value): value.isNull
    case .isNull, .isBoolean, .isDistinct: false
    case .call(.concat, _): false
    case .call(let function, let operands):
      !Self.strict.contains(function) || operands.contains { $0.isNullable(over: columns) }
    case .cast(let operand), .assign(let operand), .not(let operand): operand.isNullable(over: columns)
    case .and(let operands), .or(let operands): operands.contains { $0.isNullable(over: columns) }
    case .coalesce(let operands), .greatest(let operands), .least(let operands):
      operands.allSatisfy { $0.isNullable(over: columns) }
    case .inList(let operand, let items, _): ([operand] + items).contains { $0.isNullable(over: columns) }
    case .conditional(let branches, let otherwise):
      otherwise?.isNullable(over: columns) ?? true
        || branches.contains { $0.result.isNullable(over: columns) }
    case .nullIf: true
    }
  }

  /// Functions that give NULL only for a NULL operand. The fields of infinite moments are NULL, so
  /// `extract` is not among them.
  private static let strict: Set<Function> = Set(Function.allCases).subtracting([
    .extract, .datePart, .toChar,
  ])

  func isNondeterministic(over columns: [ColumnSchema]) -> Bool {
    guard type.isText else { return false }
    if case .column(let number) = node { return columns[number].isNondeterministic }
    if case .cast(let operand) = node, operand.type == type { return false }
    return operands.contains { $0.isNondeterministic(over: columns) }
  }
}

extension TypedAggregate {
  /// The columns of a result row. A column is sensitive where a key or an aggregated value that it
  /// shows is; counts show none.
  package func resultSchema(over columns: [ColumnSchema]) -> [ColumnSchema] {
    let keyColumns = keys.enumerated().map { number, key in
      var schema = key.expression.schema(named: key.name, over: columns)
      schema.isNullable = schema.isNullable || !sets.allSatisfy { $0.contains(number) }
      return schema
    }
    let callColumns = calls.map { call in
      let isCount = call.function == .count || call.function == .approxCountDistinct
      let isSensitive = call.arguments.contains { $0.schema(named: "", over: columns).isSensitive }
      return ColumnSchema(
        name: "", type: call.type, isNullable: !isCount, isSensitive: isSensitive && !isCount)
    }
    let groupingColumns = groupings.map { _ in ColumnSchema(name: "", type: .integer, isNullable: false) }
    let group = keyColumns + callColumns + groupingColumns
    return outputs.map { $0.expression.schema(named: $0.name, over: group) }
  }
}
