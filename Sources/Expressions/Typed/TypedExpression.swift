package import Model

/// An expression whose every name is resolved and every implicit cast written out: what is
/// compiled to kernels, rendered to SQL and printed in plans.
///
/// Column numbers refer to the row that the expression's step sees (`TypedStep`).
///
/// `==` and hashing leave `range` out: the same expression may stand in two places.
package struct TypedExpression: Hashable, Sendable {
  package var node: Node
  package var type: SQLType
  /// Where the expression stands in its source text, as UTF-8 offsets; for faults.
  package var range: Range<Int>

  package indirect enum Node: Hashable, Sendable {
    case column(Int)
    case literal(Value)
    /// A function or operator whose overload is settled by the operands' types. Operands have
    /// the types the overload takes: no kernel converts.
    case call(Function, [TypedExpression])
    /// Three-valued; operands are boolean and evaluated in order, later ones only for rows the
    /// earlier ones left undecided, so that `x <> 0 AND 1 / x > 1` does not fault.
    case and([TypedExpression])
    case or([TypedExpression])
    case not(TypedExpression)
    case isNull(TypedExpression, negated: Bool)
    /// `IS [NOT] TRUE|FALSE|UNKNOWN`; `nil` is UNKNOWN.
    case isBoolean(TypedExpression, Bool?, negated: Bool)
    case isDistinct(TypedExpression, TypedExpression, negated: Bool)
    case inList(TypedExpression, [TypedExpression], negated: Bool)
    /// `CASE`: conditions are boolean, all results have the expression's type.
    case conditional([Branch], otherwise: TypedExpression?)
    case coalesce([TypedExpression])
    case nullIf(TypedExpression, TypedExpression)
    case greatest([TypedExpression])
    case least([TypedExpression])
    /// From the operand's type to this expression's. A cast to the operand's own type is
    /// `COLLATE "C"` of a text whose collation is another.
    case cast(TypedExpression)
    /// As `cast`, but that a text which is too long for this expression's type faults: an assignment to a column.
    case assign(TypedExpression)
  }

  package struct Branch: Hashable, Sendable {
    package var condition: TypedExpression
    package var result: TypedExpression

    package init(condition: TypedExpression, result: TypedExpression) {
      self.condition = condition
      self.result = result
    }
  }

  package init(_ node: Node, type: SQLType, range: Range<Int> = 0..<0) {
    self.node = node
    self.type = type
    self.range = range
  }
}

extension TypedExpression {
  package static func == (left: TypedExpression, right: TypedExpression) -> Bool {
    left.type == right.type && left.node == right.node
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(type)
    hasher.combine(node)
  }
}
