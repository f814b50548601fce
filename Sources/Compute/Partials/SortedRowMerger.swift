package import Model

/// Merges sorted runs of rows (`RowCollector` with an order) into one. Equal rows stay as many as they are.
package final class SortedRowMerger: RunMerger {
  private let merge: RecordMerge
  private let writer: RecordWriter
  private var isDone = false

  /// - Parameters: `schema` and `order` as the collectors had them.
  package init(_ schema: [ColumnSchema], order: [RowOrder], inputs: Int) {
    let layout = RowPlan(schema, order: order).layout
    merge = RecordMerge(inputs: inputs, kind: .sortedRows, layout: layout)
    writer = RecordWriter(.sortedRows, layout: layout)
  }

  package func offer(_ block: [UInt8], to input: Int) throws(Fault) { try merge.offer(block, to: input) }

  package func end(_ input: Int) { merge.end(input) }

  package func next() throws(Fault) -> RunMergeStep {
    while true {
      if let block = writer.takeFull() { return .block(block) }
      if isDone { return writer.takeLast().map { .block($0) } ?? .done }
      switch try merge.next() {
      case .need(let input): return .need(input: input)
      case .done: isDone = true
      case .record:
        let record = merge.current
        writer.append(key: record.key) { $0.append(record.payload.rest) }
      }
    }
  }
}
