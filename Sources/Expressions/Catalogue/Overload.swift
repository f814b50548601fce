package import Model

/// One way to call a function or operator.
package struct Overload: Hashable, Sendable {
  /// Base types, as Postgres declares them; what calls are matched against.
  package var operands: [SQLType]
  /// What operands are cast to once matched. Differs from `operands` where Postgres has an
  /// operator of mixed types and the kernels do not: `integer = bigint` compares as `bigint`.
  package var computed: [SQLType]
  package var result: SQLType
  package var function: Function
  /// Postgres has it and Tidemark does not: it takes part in the choice, and is refused when chosen.
  package var isRefused: Bool

  package init(
    _ function: Function, _ operands: [SQLType], _ result: SQLType, computed: [SQLType]? = nil,
    isRefused: Bool = false
  ) {
    self.function = function
    self.operands = operands
    self.computed = computed ?? operands
    self.result = result
    self.isRefused = isRefused
  }
}

/// A function's names, overloads and one line of documentation.
package struct FunctionEntry: Hashable, Sendable {
  package var name: String
  package var aliases: [String]
  package var overloads: [Overload]
  /// One sentence for the docs.
  package var summary: String

  package init(_ name: String, aliases: [String] = [], _ summary: String, _ overloads: [Overload]) {
    self.name = name
    self.aliases = aliases
    self.overloads = overloads
    self.summary = summary
  }

  /// `substring(text, integer, integer)`, one per overload, for faults and docs.
  package var signatures: [String] {
    overloads.filter { !$0.isRefused }.map {
      "\(name)(\($0.operands.map(\.shownName).joined(separator: ", ")))"
    }
  }

  var signaturesHint: String {
    "There \(signatures.count == 1 ? "is" : "are") \(signatures.joined(separator: ", "))"
  }
}
