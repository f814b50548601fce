import Compute
import Model
import Testing

@Suite struct RowCollectorTests {
  private static let types: [SQLType] = [.integer, .text, .numeric(nil), .double, .interval, .uuid, .boolean]
  private static let schema = types.enumerated().map {
    ColumnSchema(name: "c\($0.offset)", type: $0.element)
  }

  private static func rows(_ count: Int) -> [[Value]] {
    var random = FixedRandom(seed: 21)
    let numerics: [Value] = ["1.1", "1.10", "NaN", "-3", "1e50"].map { .number($0) }
    let doubles: [Value] = [.double(-0.0), .double(0), .double(.infinity), .double(0.1)]
    var rows: [[Value]] = []
    for number in 0..<count {
      let text = Value.text("text \(Int.random(in: 0..<9, using: &random))")
      let double = doubles[Int.random(in: 0..<4, using: &random)]
      var row: [Value] = [.integer(Int64.random(in: 0..<50, using: &random))]
      row.append(number % 11 == 0 ? .null : text)
      row.append(numerics[Int.random(in: 0..<5, using: &random)])
      row.append(number % 7 == 0 ? .null : double)
      row.append(.interval(CalendarInterval(days: Int32.random(in: 0..<3, using: &random))))
      row.append(.uuid(UInt128(number % 5)))
      row.append(.boolean(number % 2 == 0))
      rows.append(row)
    }
    return rows
  }

  private static func collect(
    _ rows: some Collection<[Value]>, order: [RowOrder], memory: Int = 1 << 30
  ) throws -> [[[UInt8]]] {
    let collector = RowCollector(schema, order: order, memoryLimit: memory)
    let rig = AggregateRig(types, [])
    var runs: [[[UInt8]]] = []
    func take(_ stream: any BlockStream) throws {
      var blocks: [[UInt8]] = []
      while let block = try stream.next() { blocks.append(block) }
      runs.append(blocks)
    }
    for batch in rig.batches(rows, size: 300) {
      if case .spill(let run) = collector.add(batch) { try take(run) }
    }
    try take(collector.finish())
    return runs
  }

  @Test func unsortedRowsComeBackAsTheyWere() throws {
    let rows = Self.rows(5_000)
    for memory in [1 << 30, 1_000] {
      let runs = try Self.collect(rows, order: [], memory: memory)
      let back = try AggregateRig.rows(of: CollectedRows(Self.schema, inputs: runs.count), runs)
      #expect(back.map { $0.map(\.postgresText) } == rows.map { $0.map(\.postgresText) })
    }
  }

  /// Long texts end a batch early, and each batch goes on behind the last.
  @Test func sortedRowsOfLongTexts() throws {
    let schema = [ColumnSchema(name: "c0", type: .integer), ColumnSchema(name: "c1", type: .text)]
    let order = [RowOrder(column: 0)]
    let collector = RowCollector(schema, order: order, memoryLimit: 1 << 30)
    let text = String(repeating: "x", count: 9 << 20)
    let rows: [[Value]] = (0..<5).map { [.integer(Int64(4 - $0)), .text(text)] }
    for batch in AggregateRig(schema.map(\.type), []).batches(rows, size: 2) { _ = collector.add(batch) }
    let blocks = collector.finish()
    let sorted = SortedRows(schema, order: order, inputs: 1)
    var sizes: [Int] = []
    var isDone = false
    for _ in 0..<100 where !isDone {
      switch try sorted.next() {
      case .need(let input):
        if let block = try blocks.next() { try sorted.offer(block, to: input) } else { sorted.end(input) }
      case .rows(let batch): sizes.append(batch.rows.count)
      case .done: isDone = true
      }
    }
    #expect(isDone && sizes == [2, 2, 1])
  }

  @Test func sortedRowsAreTheSameHoweverTheyAreSplit() throws {
    let rows = Self.rows(2_000)
    let order = [RowOrder(column: 1, isDescending: true, nullsFirst: false), RowOrder(column: 0)]
    func sorted(_ runs: [[[UInt8]]]) throws -> [[String?]] {
      let stream = SortedRows(Self.schema, order: order, inputs: runs.count)
      return try AggregateRig.rows(of: stream, runs).map { $0.map(\.postgresText) }
    }
    let whole = try sorted(Self.collect(rows, order: order))
    #expect(whole.count == rows.count)
    let spilled = try Self.collect(rows.reversed(), order: order, memory: 20_000)
    #expect(spilled.count > 5)
    #expect(try sorted(spilled) == whole)
    let merger = SortedRowMerger(Self.schema, order: order, inputs: spilled.count)
    #expect(try sorted([AggregateRig.blocks(of: merger, spilled)]) == whole)
    // By text descending with NULLs last, then by number.
    let keys = whole.map { ($0[1], $0[0].flatMap { Int($0) } ?? 0) }
    for (left, right) in zip(keys, keys.dropFirst()) {
      switch (left.0, right.0) {
      case (nil, let text?): Issue.record("NULL before \(text)")
      case (let a?, let b?): #expect(a > b || (a == b && left.1 <= right.1))
      default: break
      }
    }
    #expect(Set(whole) == Set(rows.map { $0.map(\.postgresText) }))
  }
}
