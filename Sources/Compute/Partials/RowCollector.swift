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
  private let key = ByteWriter()
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
    packing = RowPacking(types: plan.types)
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
      return plain.takeFull().map { .spill(BlockList([$0])) } ?? .ok
    }
    let ordering = plan.order.map { columns[$0.column] }
    rows.forEach { row in
      key.removeAll()
      plan.keys.encode(ordering, row, into: key)
      let start = arena.count
      arena.append(key.bytes)
      packing.write(columns, row, to: arena)
      entries.append(
        Entry(
          head: GroupTable.head(of: key.bytes), start: start, keyLength: key.count,
          length: arena.count - start))
    }
    return arena.count + entries.count * MemoryLayout<Entry>.stride > memoryLimit
      ? .spill(sortedRun()) : .ok
  }

  /// All rows since the last spill.
  package func finish() -> any BlockStream {
    if !plan.order.isEmpty { return sortedRun() }
    return BlockList(plain.takeLast().map { [$0] } ?? [])
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
      while position < entries.count {
        let entry = entries[position]
        position += 1
        let row = UnsafeBufferPointer(rebasing: rows.bytes[entry.start..<entry.start + entry.length])
        writer.append(key: row) { $0.append(length: entry.keyLength) }
        if let block = writer.takeFull() { return block }
      }
      return writer.takeLast()
    }
  }

  private final class BlockList: BlockStream {
    private var blocks: ArraySlice<[UInt8]>

    init(_ blocks: [[UInt8]]) { self.blocks = blocks[...] }

    func next() throws(Fault) -> [UInt8]? { blocks.popFirst() }
  }
}
