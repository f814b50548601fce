internal import Compute
internal import Expressions
internal import Model
internal import Sinks

/// Refuses result rows outside the `scope` of a target: they would be inserted again by every run and deleted by none.
///
/// Columns of types that are only carried, of which no two values can be compared here, are not looked at.
struct ScopeGuard {
  /// Whether a row's value is the scope's, one expression a bound.
  private let program: Program
  private let bounds: [Bound]
  private let place: Place

  private struct Bound {
    var column: Int
    var schema: ColumnSchema
    var value: Value
  }

  /// `nil` where the target has no scope that could be looked at.
  /// - Throws: `Fault` of what cannot be compared.
  init?(_ target: TableTarget, result: [ColumnSchema], zones: ZoneContext) throws(Fault) {
    var bounds: [Bound] = []
    var expressions: [TypedExpression] = []
    for scope in target.scope {
      guard let column = result.firstIndex(where: { $0.name == scope.column }),
        result[column].type.isComputed
      else { continue }
      let type = result[column].type
      let sides = [
        TypedExpression(.column(column), type: type), TypedExpression(.literal(scope.value), type: type),
      ]
      expressions.append(TypedExpression(.call(.equal, sides), type: .boolean))
      bounds.append(Bound(column: column, schema: result[column], value: scope.value))
    }
    if bounds.isEmpty { return nil }
    program = try Program(expressions, schema: result, zones: zones)
    self.bounds = bounds
    place = target.place
  }

  /// - Throws: `Fault` `outside_scope`.
  func check(_ batch: borrowing Batch) throws(Fault) {
    program.run(batch.columns, batch.rows)
    for (number, bound) in bounds.enumerated() {
      let isInside = program.result(number)
      for position in 0..<batch.rows.count {
        let row = batch.rows[position]
        if isInside.isValid(row), isInside.integers[row] != 0 { continue }
        let schema = bound.schema
        let value =
          schema.isSensitive
          ? "another value" : batch.columns[bound.column].value(at: row).postgresText ?? "NULL"
        throw Fault(
          "outside_scope", .check,
          "A result row has \(schema.name) = \(value), outside the scope of the store, where it is \(bound.value.postgresText ?? "NULL")",
          place: place, hint: "Filter the source by it, or take the column out of `scope`")
      }
    }
  }
}
