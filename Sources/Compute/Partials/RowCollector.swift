package import Model

/// Gathers the processed rows of one chunk of a row-level job into blocks like those of an aggregation.
///
/// Given an order, rows are sorted by it (ties by all other columns), spilled as sorted runs when memory is full,
/// and merged by `SortedRows`. Without one they are written as they come, each block handed out once it is full, and
/// read back by `CollectedRows`.
package final class RowCollector {
  private let plan: RowPlan
  private let memoryLimit: Int
  private let packing: RowPacking
  private let batches: BatchPacking
  /// Rows waiting to be sorted: where each one's key and payload lie.
  private var entries: [Entry] = []
  private var arena = ByteWriter()
  private let plain: RecordWriter

  /// A row is its key and then its values as they are spelled, both of which the order goes by: so equal
  /// entries are equal rows.
  private struct Entry {
    let head: UInt128
    let start: Int
    let keyLength: Int
    let length: Int
  }

  /// - Parameters:
  ///   - schema: the columns of the batches.
  ///   - order: columns to sort by; empty for none.
  ///   - memoryLimit: bytes that rows may take before they are spilled.
  package init(_ schema: [ColumnSchema], order: [RowOrder], memoryLimit: Int) {
    plan = RowPlan(schema, order: order)
    self.memoryLimit = memoryLimit
    packing = RowPacking(plan)
    batches = BatchPacking(types: plan.types)
    plain = RecordWriter(.batches, layout: plan.layout)
  }

  /// Takes the rows of a batch.
  package func add(_ batch: borrowing Batch) -> AddResult {
    let (columns, rows) = (batch.columns, batch.rows)
    if rows.isEmpty { return .ok }
    if plan.order.isEmpty {
      plain.append(key: UnsafeBufferPointer(start: nil, count: 0)) {
        batches.write(columns, rows, to: $0)
      }
      // Rows in no order need not wait for others.
      return plain.takeFull().map { .spill(FullBlocks($0, plain)) } ?? .ok
    }
    let ordering = plan.order.map { columns[$0.column] }
    rows.forEach { row in
      let start = arena.count
      plan.keys.encode(ordering, row, into: arena)
      let keyLength = arena.count - start
      let head = GroupTable.head(of: UnsafeBufferPointer(start: arena.start + start, count: keyLength))
      packing.write(columns, row, to: arena)
      entries.append(Entry(head: head, start: start, keyLength: keyLength, length: arena.count - start))
    }
    return arena.count + entries.count * MemoryLayout<Entry>.stride > memoryLimit
      ? .spill(sortedRun()) : .ok
  }

  /// All rows since the last spill.
  package func finish() -> any BlockStream {
    plan.order.isEmpty ? FullBlocks(plain.takeLast(), plain) : sortedRun()
  }

  private func sortedRun() -> SortedRun {
    let rows = arena
    let bytes = rows.bytes
    arena = ByteWriter()
    var sorted = entries
    entries = []
    func key(_ entry: Entry) -> UnsafeBufferPointer<UInt8> {
      UnsafeBufferPointer(rebasing: bytes[entry.start..<entry.start + entry.length])
    }
    sorted.sort { left, right in
      left.head == right.head ? KeyOrder.compare(key(left), key(right)) < 0 : left.head < right.head
    }
    return SortedRun(rows: rows, entries: sorted, writer: RecordWriter(.sortedRows, layout: plan.layout))
  }

  private final class SortedRun: BlockStream {
    private let rows: ByteWriter
    private let entries: [Entry]
    private let writer: RecordWriter
    private var position = 0

    init(rows: ByteWriter, entries: [Entry], writer: RecordWriter) {
      self.rows = rows
      self.entries = entries
      self.writer = writer
    }

    func next() throws(Fault) -> [UInt8]? {
      while true {
        if let block = writer.takeFull() { return block }
        guard position < entries.count else { return writer.takeLast() }
        let entry = entries[position]
        position += 1
        let row = UnsafeBufferPointer(rebasing: rows.bytes[entry.start..<entry.start + entry.length])
        writer.append(key: row) { $0.append(length: entry.keyLength) }
      }
    }
  }

  /// A block, and the full ones that a writer has behind it.
  private final class FullBlocks: BlockStream {
    private var first: [UInt8]?
    private let writer: RecordWriter

    init(_ first: [UInt8]?, _ writer: RecordWriter) {
      self.first = first
      self.writer = writer
    }

    func next() throws(Fault) -> [UInt8]? { first.take() ?? writer.takeFull() }
  }
}
