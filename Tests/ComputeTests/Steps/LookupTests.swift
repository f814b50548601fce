@testable import Compute
import Expressions
import Model
import Seeds
import Testing

@Suite struct LookupTests {
  static let keys = [ColumnSchema(name: "code", type: .text), ColumnSchema(name: "rate", type: .numeric)]
  static let payload = [ColumnSchema(name: "label", type: .text), ColumnSchema(name: "rank", type: .integer)]

  /// The table of `rows`: code, rate, label and rank each.
  static func table(
    _ rows: [[Value]], onDuplicate: Lookup.OnDuplicate = .error, maximumRows: Int? = nil
  ) throws -> LookupTable {
    let schema = keys + payload
    var builder = LookupTableBuilder(
      name: "rates", keys: keys, payload: payload, onDuplicate: onDuplicate, maximumRows: maximumRows)
    for start in stride(from: 0, to: rows.count, by: Column.capacity) {
      let columns = schema.map { Column($0.type) }
      for row in rows[start..<min(start + Column.capacity, rows.count)] {
        for (column, value) in zip(columns, row) { column.append(value) }
      }
      try builder.add(Batch(schema: schema, columns: columns))
    }
    return try builder.finish()
  }

  static func row(_ code: String?, _ rate: String, _ label: String?, _ rank: Int64) throws -> [Value] {
    [
      code.map { .text($0) } ?? .null, .numeric(try Decimal(parsing: rate)), label.map { .text($0) } ?? .null,
      .integer(rank),
    ]
  }

  /// A step that matches `code` and `price` of the pipeline's rows, taking both payload columns.
  static func run(
    _ table: LookupTable, _ onMissing: Step.OnFail, rows: [[String?]]
  ) throws -> PipelineTests.Outcome {
    let step = TypedStep.LookupStep(
      table: 0, match: [2, 1],
      take: [TypedStep.Take(payload: 0, into: 4), TypedStep.Take(payload: 1, into: 5)], onMissing: onMissing)
    return try PipelineTests.run(
      [(.lookup(step), .fail, PipelineTests.schema + payload)], lookups: [table], rows: rows)
  }

  @Test func findsByValueNotBySpelling() throws {
    let table = try Self.table([
      try Self.row("a", "1.50", "first", 1), try Self.row("a", "2", nil, 2),
      try Self.row("", "NaN", "odd", 3),
      try Self.row(nil, "7", "never", 4),
    ])
    #expect(table.rowCount == 3)
    let outcome = try Self.run(
      table, .keep,
      rows: [
        ["1", "1.5", "a", nil], ["2", "2.000", "a", nil], ["3", "NaN", "", nil], ["4", "7", nil, nil],
        ["5", "1.5", "b", nil],
      ])
    #expect(outcome.rows.map { $0[4] } == [.text("first"), .null, .text("odd"), .null, .null])
    #expect(outcome.rows.map { $0[5] } == [.integer(1), .integer(2), .integer(3), .null, .null])
    #expect(outcome.lookups == [LookupCounts(lookup: "rates", hits: 3, misses: 2)])
  }

  @Test func missesFollowOnMissing() throws {
    let table = try Self.table([try Self.row("a", "1", "x", 1)])
    let rows = [["1", "1", "a", nil], ["2", "2", "a", nil]]
    let quarantined = try Self.run(table, .quarantine, rows: rows)
    #expect(quarantined.rows.count == 1)
    #expect(quarantined.rejections.map { $0.broken[0].reason } == ["lookup_missing"])
    #expect(quarantined.rejections[0].broken[0].detail == "the lookup has no row for code = 'a', price = 2")
    #expect(try Self.run(table, .drop, rows: rows).counts.dropped == 1)
    #expect(throws: Fault.self) { _ = try Self.run(table, .fail, rows: rows) }
  }

  @Test func duplicatesAreAnErrorUnlessToldOtherwise() throws {
    let rows = [
      try Self.row("a", "1", "z", 1), try Self.row("a", "1.0", "b", 9), try Self.row("a", "1.00", "b", 2),
    ]
    let fault = #expect(throws: Fault.self) { _ = try Self.table(rows) }
    #expect(fault?.code == "lookup_duplicate_key")
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
      let table = try Self.table(order.map { rows[$0] }, onDuplicate: .first)
      let outcome = try Self.run(table, .fail, rows: [["1", "1", "a", nil]])
      #expect(outcome.rows[0][4] == .text("b") && outcome.rows[0][5] == .integer(2))
    }
  }

  @Test func aLimitIsALimit() throws {
    let rows = try (0..<5_000).map { try Self.row("k\($0)", "1", "v", Int64($0)) }
    let fault = #expect(throws: Fault.self) { _ = try Self.table(rows, maximumRows: 4_999) }
    #expect(fault?.code == "lookup_too_large")
    let table = try Self.table(rows, maximumRows: 5_000)
    let outcome = try Self.run(table, .fail, rows: (0..<5_000).map { ["1", "1", "k\($0)", nil] })
    #expect(outcome.rows.map { $0[5] } == (0..<5_000).map { .integer(Int64($0)) })
    #expect(table.contentHash == (try Self.table(rows.reversed())).contentHash)
  }

  /// Keys of one text, one integer, and both: found as a dictionary finds them.
  @Test func findsWhatADictionaryFinds() throws {
    let columns = [ColumnSchema(name: "t", type: .text), ColumnSchema(name: "n", type: .bigint)]
    let cases = GeneratedCases(60)
    for number in 0..<cases.count {
      var numbers = cases.numbers(number)
      let used = numbers.pick([[0], [1], [0, 1]])
      let size = numbers.pick([1, 30, 3_000])
      func key() -> [Value] {
        let text = String("\(numbers.below(size * 2))xyäabcdefghi".prefix(numbers.below(14)))
        let parts: [Value] = [.text(text), .integer(Int64(numbers.below(size * 2)))]
        return used.map { numbers.oneIn(15) ? .null : parts[$0] }
      }
      var expected: [[Value]: Int64] = [:]
      let schema = used.map { columns[$0] } + [ColumnSchema(name: "value", type: .integer)]
      var builder = LookupTableBuilder(
        name: "t", keys: Array(schema.dropLast()), payload: [schema[used.count]], onDuplicate: .error)
      let rows = (0..<min(size, Column.capacity)).compactMap { row -> [Value]? in
        let key = key()
        guard expected[key] == nil else { return nil }
        expected[key] = key.contains(.null) ? nil : Int64(row)
        return key + [.integer(Int64(row))]
      }
      let loaded = schema.map { Column($0.type) }
      for row in rows { for (column, value) in zip(loaded, row) { column.append(value) } }
      try builder.add(Batch(schema: schema, columns: loaded))
      let table = try builder.finish()

      let wanted = used.map { Column(columns[$0].type) }
      let keys = (0..<500).map { _ in key() }
      for key in keys { for (column, value) in zip(wanted, key) { column.append(value) } }
      let found = UnsafeMutablePointer<Int32>.allocate(capacity: Column.capacity)
      defer { found.deallocate() }
      let values = Column(.integer)
      table.find(wanted, Rows(count: keys.count), into: found)
      #expect(table.copy(payload: 0, Rows(count: keys.count), found, to: values))
      for (row, key) in keys.enumerated() {
        #expect(
          values.value(at: row) == (expected[key].map { .integer($0) } ?? .null),
          "\(cases), case \(number): \(key)")
      }
    }
  }
  /// A long value that many rows find is copied for each of them: where they would not fit into a column, there are
  /// none rather than others.
  @Test func valuesThatDoNotFitAreRefused() throws {
    let table = try Self.table([try Self.row("a", "1", String(repeating: "long", count: 250), 1)])
    let found = UnsafeMutablePointer<Int32>.allocate(capacity: Column.capacity)
    defer { found.deallocate() }
    found.initialize(repeating: 0, count: Column.capacity)
    for (rows, fits) in [(3, true), (4, false), (Column.capacity, false)] {
      let column = Column(.text)
      #expect(table.copy(payload: 0, Rows(count: rows), found, to: column, most: 3_000) == fits)
      #expect(column.dataCount <= 4_000)
    }
  }
}
