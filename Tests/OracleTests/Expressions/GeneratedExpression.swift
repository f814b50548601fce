/// A generated expression as a tree, so that a case that fails can be made smaller part by part.
struct GeneratedExpression: Hashable, Sendable {
  /// The kind of slot that it fills.
  var kind: String
  /// The SQL around the operands: one piece more than there are operands.
  var pieces: [String]
  var operands: [GeneratedExpression]
  /// The column, where it is one: its `pieces` are empty then.
  var column: String?

  init(column: String, kind: String) {
    self.kind = kind
    self.column = column
    pieces = [""]
    operands = []
  }

  init(literal: String, kind: String) {
    self.kind = kind
    pieces = [literal]
    operands = []
  }

  init(kind: String, pieces: [String], operands: [GeneratedExpression]) {
    self.kind = kind
    self.pieces = pieces
    self.operands = operands
  }

  /// As SQL: the same text for Tidemark and for Postgres.
  var text: String {
    if let column { return column }
    var text = pieces[0]
    for (operand, piece) in zip(operands, pieces.dropFirst()) {
      text += (operand.operands.isEmpty ? operand.text : "(\(operand.text))") + piece
    }
    return text
  }

  var readsColumns: Bool { column != nil || operands.contains { $0.readsColumns } }

  /// The number of nodes: what shrinking makes smaller.
  var size: Int { operands.reduce(1) { $0 + $1.size } }

  /// Expressions a little simpler than this one, the simplest first: a part in the place of the whole, a
  /// column in the place of a part.
  var simplifications: [GeneratedExpression] {
    var found: [GeneratedExpression] = []
    if !operands.isEmpty {
      found += (SampleColumns.namesByKind[kind] ?? []).map { GeneratedExpression(column: $0, kind: kind) }
    }
    found += parts.filter { $0.kind == kind }
    for (number, operand) in operands.enumerated() {
      for simpler in operand.simplifications {
        var copy = self
        copy.operands[number] = simpler
        found.append(copy)
      }
    }
    return found
  }

  /// True where every operation reads a column. What reads none is computed by the planner, once and also for
  /// rows that never need it.
  var isOfRows: Bool { operands.isEmpty || readsColumns && operands.allSatisfy { $0.isOfRows } }

  private var parts: [GeneratedExpression] { operands + operands.flatMap(\.parts) }
}
