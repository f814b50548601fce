import Model

/// The order in which a row-level result is written.
package struct RowOrder: Hashable, Sendable {
  /// Number of the column to order by.
  package var column: Int
  package var isDescending: Bool
  package var nullsFirst: Bool

  package init(column: Int, isDescending: Bool = false, nullsFirst: Bool = false) {
    self.column = column
    self.isDescending = isDescending
    self.nullsFirst = nullsFirst
  }
}

/// What row blocks hold: the columns of a result, and in which order its rows come.
struct RowPlan {
  let schema: [ColumnSchema]
  /// Ordering columns, then all others, which break ties; empty for rows in no order.
  let order: [RowOrder]
  let keys: KeyLayout
  let layout: UInt64

  init(_ schema: [ColumnSchema], order: [RowOrder]) {
    self.schema = schema
    let named = Set(order.map(\.column))
    let rest = schema.indices.filter { !named.contains($0) }.map { RowOrder(column: $0) }
    self.order = order.isEmpty ? [] : order + rest
    keys = KeyLayout(
      self.order.map {
        KeyColumn(schema[$0.column].type, isDescending: $0.isDescending, nullsFirst: $0.nullsFirst)
      })
    let texts = keys.columns.contains(where: \.holdsBytes) ? " texts in keys" : ""
    layout = PartialBlock.fingerprint("\(schema.map { "\($0.name) \($0.type)" }) \(order)\(texts)")
  }

  var types: [SQLType] { schema.map(\.type) }
}
