package import Model

/// Merges sorted runs of rows (`RowCollector` with an order) into result batches in that order.
package final class SortedRows: ResultStream {
  private let plan: RowPlan
  private let packing: RowPacking
  private let merge: RecordMerge
  private let columns: [Column]
  private var count = 0
  private var isDone = false

  /// - Parameters: `schema` and `order` as the collectors had them.
  package init(_ schema: [ColumnSchema], order: [RowOrder], inputs: Int) {
    plan = RowPlan(schema, order: order)
    packing = RowPacking(plan)
    merge = RecordMerge(inputs: inputs, kind: .sortedRows, layout: plan.layout)
    columns = plan.types.map { Column($0) }
  }

  package func offer(_ block: [UInt8], to input: Int) throws(Fault) { try merge.offer(block, to: input) }

  package func end(_ input: Int) { merge.end(input) }

  package func next() throws(Fault) -> MergeStep {
    while true {
      if isFull { return .rows(takeBatch()) }
      if isDone { return count > 0 ? .rows(takeBatch()) : .done }
      switch try merge.next() {
      case .need(let input): return .need(input: input)
      case .done: isDone = true
      case .record: try take(merge.current)
      }
    }
  }

  private func take(_ record: RecordCursor) throws(Fault) {
    var payload = record.payload
    let keyLength = try payload.readLength(limit: record.key.count)
    guard payload.isAtEnd else { throw ByteReader.damaged("a row is malformed") }
    if count == 0 { for column in columns { column.startBatch() } }
    var row = ByteReader(UnsafeBufferPointer(rebasing: record.key[keyLength...]))
    try packing.read(
      UnsafeBufferPointer(rebasing: record.key[..<keyLength]), &row, into: columns, count)
    guard row.isAtEnd else { throw ByteReader.damaged("a row is malformed") }
    record.forget()
    count += 1
  }

  private static let largestBatch = 1 << 24

  /// Long texts end a batch early, so that a few of them do not fill memory. The columns keep those of the batch before
  /// until a row comes.
  private var isFull: Bool {
    count == Column.capacity || count > 0 && columns.reduce(0) { $0 + $1.dataCount } > Self.largestBatch
  }

  private func takeBatch() -> Batch {
    defer { count = 0 }
    return Batch(schema: plan.schema, columns: columns, rows: Rows(count: count))
  }
}
