import Seeds

/// Makes expressions by the grammar, from a case's numbers.
struct ExpressionGenerator {
  var numbers: SeededNumbers
  /// The columns that there are, by what they may be used for.
  var columns = SampleColumns.namesByKind
  private let grammar = ExpressionGrammar.shared

  init(_ numbers: SeededNumbers) {
    self.numbers = numbers
  }

  /// Kinds that a result can have; numeric ones more often than chance would have them.
  static let results =
    SampleColumns.kinds.filter { $0 != "carried" } + ["numeric", "numeric", "numeric", "text", "boolean"]

  mutating func expression() -> GeneratedExpression {
    expression(numbers.pick(Self.results), depth: 1 + numbers.below(4))
  }

  /// - Parameter depth: how many levels of operands there may be.
  mutating func expression(_ kind: String, depth: Int) -> GeneratedExpression {
    guard depth > 0, let productions = grammar.productions[kind], !numbers.oneIn(8) else { return leaf(kind) }
    let production = numbers.pick(productions)
    var made = GeneratedExpression(
      kind: kind, pieces: production.pieces,
      operands: production.slots.map { expression($0, depth: depth - 1) })
    let comparesFirst = production.pieces[0] == "CASE "
    if !made.isOfRows || comparesFirst && !made.operands[0].readsColumns,
      let slot = production.slots.firstIndex(where: { columns[$0] != nil })
    {
      made.operands[slot] = column(production.slots[slot]) ?? made.operands[slot]
    }
    return made
  }

  private mutating func leaf(_ kind: String) -> GeneratedExpression {
    let literals = (grammar.words[kind] ?? []) + (SampleValues.literals[kind] ?? [])
    if literals.isEmpty || !numbers.oneIn(4), let column = column(kind) { return column }
    return GeneratedExpression(
      literal: literals.isEmpty ? Self.standIns[kind] ?? "NULL" : numbers.pick(literals), kind: kind)
  }

  /// For kinds that columns fill as a rule, where a pipeline has none left.
  private static let standIns = [
    "money": "1.50::numeric(12,2)", "rate": "0.19", "near": "timestamp '2024-02-29 12:34:56'",
    "nearzone": "timestamptz '2024-03-31 01:00:00+00'", "mood": "'ok'", "carried": "NULL::text",
  ]

  private mutating func column(_ kind: String) -> GeneratedExpression? {
    guard let names = columns[kind] else { return nil }
    return GeneratedExpression(column: numbers.pick(names), kind: kind)
  }
}
