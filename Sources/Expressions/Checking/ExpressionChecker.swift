package import Model

/// Types an expression: looks its names up, settles overloads as Postgres does, writes implicit
/// casts out and folds constants.
package enum ExpressionChecker {
  /// The typed tree of `source` over a row of `columns`.
  ///
  /// - Parameter expected: the type the place needs (`boolean` for a condition); an untyped literal
  ///   becomes it, another type is a fault. `nil` takes any type.
  /// - Throws: `Faults`: every fault found, each with its place in the file. Codes: those of
  ///   `ExpressionParser`, and `unknown_column`, `unknown_function`, `type_mismatch`, `ambiguous_call`,
  ///   `bad_literal`, `unsupported`, `refused_function`, `not_aggregate`, `not_comparable`,
  ///   `constant_fault`, and those of `ReferenceScope`.
  package static func check(
    _ source: SourceText, columns: [ColumnSchema], references: ReferenceScope = ReferenceScope(),
    expecting expected: SQLType? = nil
  ) throws(Faults) -> TypedExpression {
    let syntax: Syntax
    do { syntax = try ExpressionParser.parse(source) } catch { throw Faults([error]) }
    var checker = Checker(source: source, columns: columns, references: references)
    return try checker.finish(checker.check(syntax), expecting: expected)
  }
}
