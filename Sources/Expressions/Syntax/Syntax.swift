package import Model

/// An expression as written: names not yet looked up, types not yet settled.
///
/// `==` leaves positions out, so that `group_by: date_trunc('month', x)` is found again in a measure.
package struct Syntax: Sendable {
  package var node: Node
  /// UTF-8 offsets in the source text.
  package var range: Range<Int>
  /// Levels below and with this one; limited, since every later pass recurses.
  let height: Int

  package indirect enum Node: Hashable, Sendable {
    case column(String)
    /// `'...'`, whose type the context settles.
    case string(String)
    case number(String)
    case boolean(Bool)
    case null
    case reference(Reference)
    case unary(String, Syntax)
    case binary(String, Syntax, Syntax)
    case and([Syntax])
    case or([Syntax])
    case not(Syntax)
    case isNull(Syntax, negated: Bool)
    case isBoolean(Syntax, Bool?, negated: Bool)
    case isDistinct(Syntax, Syntax, negated: Bool)
    case between(Syntax, Syntax, Syntax, symmetric: Bool, negated: Bool)
    case inList(Syntax, [Syntax], negated: Bool)
    case like(Syntax, Syntax, escape: Syntax?, ignoresCase: Bool, negated: Bool)
    case conditional(operand: Syntax?, [Branch], otherwise: Syntax?)
    case cast(Syntax, SQLType)
    case collate(Syntax, String)
    case atTimeZone(Syntax, Syntax)
    case call(Call)
  }

  package struct Branch: Hashable, Sendable {
    package var condition: Syntax
    package var result: Syntax
  }

  /// `name(...)` with whatever an aggregate may have around it. The forms with words of their
  /// own (`extract(year from x)`) are calls too, with plain arguments.
  package struct Call: Hashable, Sendable {
    package var name: String
    package var arguments: [Syntax] = []
    package var isStar = false
    package var isDistinct = false
    package var order: [Ordering] = []
    package var withinGroup: [Ordering]?
    package var filter: Syntax?
  }

  package struct Ordering: Hashable, Sendable {
    package var expression: Syntax
    package var isDescending: Bool
    package var nullsFirst: Bool
  }

  /// Trees higher than this are refused: parsing one takes about 30 KiB of stack a level in debug builds, and
  /// threads have 8 MiB or less.
  static let maximumHeight = 100

  init(_ node: Node, _ range: Range<Int>) {
    self.node = node
    self.range = range
    height = 1 + (node.children.map(\.height).max() ?? 0)
  }
}

extension Syntax: Hashable {
  package static func == (left: Syntax, right: Syntax) -> Bool { left.node == right.node }
  package func hash(into hasher: inout Hasher) { hasher.combine(node) }
}

extension Syntax.Node {
  var children: [Syntax] {
    switch self {
    case .column, .string, .number, .boolean, .null, .reference: []
    case .unary(_, let operand), .not(let operand), .isNull(let operand, _), .isBoolean(let operand, _, _),
      .cast(let operand, _), .collate(let operand, _):
      [operand]
    case .binary(_, let left, let right), .isDistinct(let left, let right, _),
      .atTimeZone(let left, let right):
      [left, right]
    case .and(let operands), .or(let operands): operands
    case .between(let operand, let low, let high, _, _): [operand, low, high]
    case .inList(let operand, let items, _): [operand] + items
    case .like(let operand, let pattern, let escape, _, _): [operand, pattern] + (escape.map { [$0] } ?? [])
    case .conditional(let operand, let branches, let otherwise):
      (operand.map { [$0] } ?? []) + branches.flatMap { [$0.condition, $0.result] }
        + (otherwise.map { [$0] } ?? [])
    case .call(let call):
      call.arguments + call.order.map(\.expression) + (call.withinGroup ?? []).map(\.expression)
        + (call.filter.map { [$0] } ?? [])
    }
  }
}

extension Syntax {
  /// Every reference used, in reading order.
  package var references: [Reference] {
    if case .reference(let reference) = node { [reference] } else { node.children.flatMap(\.references) }
  }

  /// Every column named. Names inside aggregate calls are left out on request: those are the
  /// row's, the others the group's.
  package func columnNames(insideAggregates: Bool = true) -> Set<String> {
    switch node {
    case .column(let name): return [name]
    case .call(let call) where !insideAggregates && AggregateCatalogue.isAggregate(call.name): return []
    default:
      return node.children.reduce(into: []) {
        $0.formUnion($1.columnNames(insideAggregates: insideAggregates))
      }
    }
  }
}
