import Expressions

extension TypedExpression {
  /// The expression without its places in the text, so that what is written twice compares equal.
  var shape: TypedExpression {
    TypedExpression(node.shape, type: type)
  }
}

extension TypedExpression.Node {
  fileprivate var shape: TypedExpression.Node {
    switch self {
    case .column, .literal: self
    case .call(let function, let operands): .call(function, operands.map(\.shape))
    case .and(let operands): .and(operands.map(\.shape))
    case .or(let operands): .or(operands.map(\.shape))
    case .not(let operand): .not(operand.shape)
    case .isNull(let operand, let negated): .isNull(operand.shape, negated: negated)
    case .isBoolean(let operand, let value, let negated):
      .isBoolean(operand.shape, value, negated: negated)
    case .isDistinct(let left, let right, let negated):
      .isDistinct(left.shape, right.shape, negated: negated)
    case .inList(let operand, let list, let negated):
      .inList(operand.shape, list.map(\.shape), negated: negated)
    case .conditional(let branches, let otherwise):
      .conditional(
        branches.map { TypedExpression.Branch(condition: $0.condition.shape, result: $0.result.shape) },
        otherwise: otherwise?.shape)
    case .coalesce(let operands): .coalesce(operands.map(\.shape))
    case .nullIf(let left, let right): .nullIf(left.shape, right.shape)
    case .greatest(let operands): .greatest(operands.map(\.shape))
    case .least(let operands): .least(operands.map(\.shape))
    case .cast(let operand): .cast(operand.shape)
    case .assign(let operand): .assign(operand.shape)
    }
  }
}
