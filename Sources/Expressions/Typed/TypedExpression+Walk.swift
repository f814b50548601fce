package import Model

extension TypedExpression {
  /// The operands, in reading order.
  package var operands: [TypedExpression] {
    switch node {
    case .column, .literal: []
    case .call(_, let operands), .and(let operands), .or(let operands), .coalesce(let operands),
      .greatest(let operands), .least(let operands):
      operands
    case .not(let operand), .isNull(let operand, _), .isBoolean(let operand, _, _), .cast(let operand),
      .assign(let operand):
      [operand]
    case .isDistinct(let left, let right, _), .nullIf(let left, let right): [left, right]
    case .inList(let operand, let items, _): [operand] + items
    case .conditional(let branches, let otherwise):
      branches.flatMap { [$0.condition, $0.result] } + (otherwise.map { [$0] } ?? [])
    }
  }

  /// The operands that no other operand's value can spare from being evaluated.
  var alwaysEvaluated: [TypedExpression] {
    switch node {
    case .and(let operands), .or(let operands), .coalesce(let operands): Array(operands.prefix(1))
    case .inList(let operand, let items, _): [operand] + items.prefix(1)
    case .conditional(let branches, _): branches.prefix(1).map(\.condition)
    default: operands
    }
  }

  /// The numbers of the columns used.
  package var columns: Set<Int> {
    if case .column(let number) = node { return [number] }
    return operands.reduce(into: []) { $0.formUnion($1.columns) }
  }

  /// The value where the expression is a literal.
  package var literal: Value? {
    if case .literal(let value) = node { value } else { nil }
  }

  func replaced(by node: Node) -> TypedExpression {
    TypedExpression(node, type: type, range: range)
  }

  /// The same expression with every operand, and then itself, put through `change`.
  package func mapped(_ change: (TypedExpression) -> TypedExpression) -> TypedExpression {
    func map(_ operand: TypedExpression) -> TypedExpression { operand.mapped(change) }
    let node: Node =
      switch self.node {
      case .column, .literal: self.node
      case .call(let function, let operands): .call(function, operands.map(map))
      case .and(let operands): .and(operands.map(map))
      case .or(let operands): .or(operands.map(map))
      case .not(let operand): .not(map(operand))
      case .isNull(let operand, let negated): .isNull(map(operand), negated: negated)
      case .isBoolean(let operand, let value, let negated): .isBoolean(map(operand), value, negated: negated)
      case .isDistinct(let left, let right, let negated): .isDistinct(map(left), map(right), negated: negated)
      case .inList(let operand, let items, let negated):
        .inList(map(operand), items.map(map), negated: negated)
      case .conditional(let branches, let otherwise):
        .conditional(
          branches.map { Branch(condition: map($0.condition), result: map($0.result)) },
          otherwise: otherwise.map(map))
      case .coalesce(let operands): .coalesce(operands.map(map))
      case .nullIf(let left, let right): .nullIf(map(left), map(right))
      case .greatest(let operands): .greatest(operands.map(map))
      case .least(let operands): .least(operands.map(map))
      case .cast(let operand): .cast(map(operand))
      case .assign(let operand): .assign(map(operand))
      }
    return change(TypedExpression(node, type: type, range: range))
  }

  /// The same expression over other column numbers.
  package func mappingColumns(_ number: (Int) -> Int) -> TypedExpression {
    mapped { expression in
      if case .column(let old) = expression.node {
        expression.replaced(by: .column(number(old)))
      } else {
        expression
      }
    }
  }
}
