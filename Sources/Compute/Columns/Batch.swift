package import Model

/// Up to 2,048 rows as columns, and which of them still count.
///
/// Columns are shared with whoever made the batch, who writes them again for the next one: a receiver reads
/// what it needs before it returns and keeps none of them.
package struct Batch {
  /// Names and declared types, one per column.
  package let schema: [ColumnSchema]
  package let columns: [Column]
  /// The rows that count; columns may hold others between them, which steps took out.
  package var rows: Rows
  /// Position in the chunk of the columns' row 0, in fetch order.
  package var firstOrdinal: Int64
  /// The rows as they were fetched, to name one that fails; `nil` where nobody knows them.
  let record: RowRecord?

  package init(schema: [ColumnSchema], columns: [Column], rows: Rows, firstOrdinal: Int64 = 0) {
    self.init(schema: schema, columns: columns, rows: rows, firstOrdinal: firstOrdinal, record: nil)
  }

  init(
    schema: [ColumnSchema], columns: [Column], rows: Rows, firstOrdinal: Int64, record: RowRecord?
  ) {
    precondition(schema.count == columns.count, "one schema entry per column")
    self.schema = schema
    self.columns = columns
    self.rows = rows
    self.firstOrdinal = firstOrdinal
    self.record = record
  }

  /// The batch of all rows that were appended to the columns.
  package init(schema: [ColumnSchema], columns: [Column]) {
    let count = columns.first?.count ?? 0
    precondition(columns.allSatisfy { $0.count == count }, "columns of one length")
    self.init(schema: schema, columns: columns, rows: Rows(count: count))
  }
}

/// Takes finished batches, one call per batch.
package protocol BatchConsumer {
  /// Reads the batch; its columns are overwritten once the call returns.
  mutating func consume(_ batch: borrowing Batch) throws

  /// Called once the memory of long values in the batch is given back: for work on what was taken of it.
  mutating func settle() throws
}

extension BatchConsumer {
  package mutating func settle() throws {}
}
