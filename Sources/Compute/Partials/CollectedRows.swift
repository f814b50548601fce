package import Model

/// Reads the blocks of `RowCollector`s without an order back as result batches, input after input.
package final class CollectedRows: ResultStream {
  private let plan: RowPlan
  private let packing: BatchPacking
  private let cursors: [RecordCursor]
  private let columns: [Column]
  private var input = 0

  /// - Parameter schema: as the collectors had it.
  package init(_ schema: [ColumnSchema], inputs: Int) {
    plan = RowPlan(schema, order: [])
    packing = BatchPacking(types: plan.types)
    let layout = plan.layout
    cursors = (0..<inputs).map { _ in RecordCursor(.batches, layout: layout) }
    columns = plan.types.map { Column($0) }
  }

  package func offer(_ block: [UInt8], to input: Int) throws(Fault) { try cursors[input].offer(block) }

  package func end(_ input: Int) { cursors[input].end() }

  package func next() throws(Fault) -> MergeStep {
    while input < cursors.count {
      if try cursors[input].advance() {
        var payload = cursors[input].payload
        for column in columns { column.startBatch() }
        let count = try packing.read(&payload, into: columns)
        guard payload.isAtEnd else { throw ByteReader.damaged("a batch is too long") }
        cursors[input].forget()
        return .rows(Batch(schema: plan.schema, columns: columns, rows: Rows(count: count)))
      }
      guard cursors[input].isEnded else { return .need(input: input) }
      input += 1
    }
    return .done
  }
}
