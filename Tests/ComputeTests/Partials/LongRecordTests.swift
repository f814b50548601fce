import Model
import Testing

@testable import Compute

/// Records that are longer than a block: split by the writer, put together by the cursor.
@Suite struct LongRecordTests {
  private struct Record: Equatable {
    var key: [UInt8]
    var payload: [UInt8]
  }

  private static func bytes(_ count: Int, from first: UInt8) -> [UInt8] {
    (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0 &* 7) }
  }

  private static let sizes = [
    0, 20, PartialBlock.maximumPayload - 30, PartialBlock.maximumPayload, 2_500_000,
  ]

  /// Of every key's length with every payload's, in the order of their first bytes.
  private static let records: [Record] = sizes.flatMap { key in sizes.map { (key, $0) } }.enumerated().map {
    Record(key: [UInt8($0)] + bytes($1.0, from: 3), payload: bytes($1.1, from: UInt8($0)))
  }

  private static func blocks(_ records: [Record]) -> [[UInt8]] {
    let writer = RecordWriter(.groups, layout: 1)
    var blocks: [[UInt8]] = []
    for record in records {
      record.key.withUnsafeBufferPointer { key in
        writer.append(key: key) { $0.append(record.payload[...]) }
        while let block = writer.takeFull() { blocks.append(block) }
      }
    }
    if let last = writer.takeLast() { blocks.append(last) }
    return blocks
  }

  private static func read(_ blocks: [[UInt8]]) throws -> [Record] {
    let cursor = RecordCursor(.groups, layout: 1)
    var rest = blocks[...]
    var records: [Record] = []
    while true {
      if try cursor.advance() {
        records.append(Record(key: Array(cursor.key), payload: Array(cursor.payload.rest)))
        cursor.forget()
      } else if cursor.isEnded {
        return records
      } else if let block = rest.popFirst() {
        try cursor.offer(block)
      } else {
        cursor.end()
      }
    }
  }

  @Test func recordsOfAllLengthsAreReadAgain() throws {
    let blocks = Self.blocks(Self.records)
    #expect(blocks.allSatisfy { $0.count <= 1 << 20 })
    #expect(try Self.read(blocks) == Self.records)
  }

  /// One that lacks any of its blocks is damaged, never a shorter record.
  @Test func aMissingPartIsFound() throws {
    let blocks = Self.blocks([
      Record(key: [1], payload: Self.bytes(3_500_000, from: 0)), Record(key: [2], payload: [1, 2, 3]),
    ])
    #expect(blocks.count == 5)
    for missing in 0..<4 {
      var left = blocks
      left.remove(at: missing)
      #expect(throws: Fault.self) { try Self.read(left) }
    }
    for count in 1...3 { #expect(throws: Fault.self) { try Self.read(Array(blocks.prefix(count))) } }
  }

  /// Keys that differ at once, far behind, by their ends only, and not at all.
  @Test func longRecordsAreMergedInOrder() throws {
    let (long, payload) = (Self.bytes(1_100_000, from: 0), Self.bytes(1_100_000, from: 1))
    let keys = [
      [9], [5] + long + [2], [5] + long + [1, 7], [5] + long + [2], [5] + long + [3], [1], [7],
    ]
    let inputs = keys.map { [Record(key: $0, payload: payload), Record(key: [200], payload: [])] }
    let merge = RecordMerge(inputs: inputs.count, kind: .groups, layout: 1)
    var blocks = inputs.map { Self.blocks($0)[...] }
    var read: [Record] = []
    loop: while true {
      switch try merge.next() {
      case .need(let input):
        guard let block = blocks[input].popFirst() else {
          merge.end(input)
          continue
        }
        try merge.offer(block, to: input)
      case .record:
        read.append(Record(key: Array(merge.current.key), payload: Array(merge.current.payload.rest)))
        merge.current.forget()
      case .done: break loop
      }
    }
    let expected = inputs.flatMap { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    #expect(read == expected)
  }

  /// A merge of many inputs holds one block of each, and one record.
  @Test func longRecordsWaitForTheirTurn() throws {
    let blocks = (0..<5).map {
      Self.blocks([Record(key: [UInt8($0)], payload: Self.bytes(3_500_000, from: UInt8($0)))])
    }
    let merge = RecordMerge(inputs: blocks.count, kind: .groups, layout: 1)
    var taken = [0, 0, 0, 0, 0]
    for record in 0..<5 {
      while case .need(let input) = try merge.next() {
        if taken[input] < blocks[input].count {
          try merge.offer(blocks[input][taken[input]], to: input)
          taken[input] += 1
        } else {
          merge.end(input)
        }
      }
      #expect(taken == (0..<5).map { $0 <= record ? 4 : 1 })
    }
  }

  private static let schema = [
    ColumnSchema(name: "id", type: .integer), ColumnSchema(name: "body", type: .text),
  ]

  private static func batch(_ rows: [[Value]]) -> Batch {
    let columns = schema.map { Column($0.type) }
    for row in rows { for (column, value) in zip(columns, row) { column.append(value) } }
    return Batch(schema: schema, columns: columns)
  }

  private static func blocks(_ stream: any BlockStream) throws -> [[UInt8]] {
    var blocks: [[UInt8]] = []
    while let block = try stream.next() { blocks.append(block) }
    return blocks
  }

  /// Long rows among short ones, in an order and in none, with the bytes that keys escape.
  @Test(arguments: [[], [RowOrder(column: 1, isDescending: true)], [RowOrder(column: 0)]])
  func rowsOfAllLengthsAreCollected(order: [RowOrder]) throws {
    let texts = ["", "\u{1}\u{1}", "b", String(repeating: "long \u{1}é", count: 400_000), "c"]
    let rows: [[Value]] = texts.enumerated().map { [.integer(Int64($0)), $0 == 4 ? .null : .text($1)] }
    let collector = RowCollector(Self.schema, order: order, memoryLimit: 1 << 20)
    var runs: [[[UInt8]]] = []
    for row in rows {
      if case .spill(let stream) = collector.add(Self.batch([row])) { runs.append(try Self.blocks(stream)) }
    }
    runs.append(try Self.blocks(collector.finish()))
    if order.isEmpty { runs = [runs.flatMap { $0 }] }
    #expect(runs.allSatisfy { $0.allSatisfy { $0.count <= 1 << 20 } })
    let stream: any ResultStream =
      order.isEmpty
      ? CollectedRows(Self.schema, inputs: runs.count)
      : SortedRows(Self.schema, order: order, inputs: runs.count)
    let read = try AggregateRig.rows(of: stream, runs)
    let numbers = order.first?.column == 1 ? Self.descending(rows) : rows.map { $0[0] }
    #expect(read.map { $0[0] } == numbers)
    #expect(Set(read.map { "\($0)" }) == Set(rows.map { "\($0)" }))
  }

  /// The numbers of the rows by their texts, the greatest first and NULL behind.
  private static func descending(_ rows: [[Value]]) -> [Value] {
    let withText = rows.filter { $0[1] != .null }.sorted {
      ($0[1].postgresText ?? "") > ($1[1].postgresText ?? "")
    }
    return (withText + rows.filter { $0[1] == .null }).map { $0[0] }
  }

  @Test func slotsAreKeptWhileOthersGrowAndShrink() {
    var slots = ByteSlots()
    slots.grow(to: 50)
    var expected = [[UInt8]?](repeating: nil, count: 50)
    var random = FixedRandom(seed: 5)
    for _ in 0..<4_000 {
      let group = Int.random(in: 0..<50, using: &random)
      let bytes = Self.bytes(Int.random(in: 0...9_000, using: &random), from: UInt8(group))
      bytes.withUnsafeBufferPointer { slots.set(group, $0) }
      expected[group] = bytes
    }
    for group in 0..<50 {
      #expect(slots.isSet(group) == (expected[group] != nil))
      #expect(Array(slots.bytes(group)) == expected[group] ?? [])
    }
    #expect(slots.memory < 4 << 20)
  }
}
