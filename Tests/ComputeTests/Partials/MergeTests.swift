import Compute
import Expressions
import Model
import Testing

/// However rows are split, ordered and merged, partial and result are the same bytes.
@Suite struct MergeTests {
  static let types: [SQLType] = [.text, .numeric(nil), .double, .integer, .interval]

  /// Every aggregate that there is, over the columns of `types`.
  static let everything: [AggregateCall] = [
    .countRows(),
    .over(.sum, [(1, .numeric(nil))], type: .numeric(nil)),
    .over(.varSamp, [(1, .numeric(nil))], type: .numeric(nil)),
    .over(.min, [(1, .numeric(nil))], type: .numeric(nil)),
    .over(.sum, [(2, .double)], type: .double),
    .over(.stddevPop, [(2, .double)], type: .double),
    .over(.max, [(2, .double)], type: .double),
    .over(.max, [(4, .interval)], type: .interval),
    .over(.sum, [(4, .interval)], type: .interval),
    .over(.first, [(1, .numeric(nil))], type: .numeric(nil), order: [(3, .integer)]),
    .over(.last, [(1, .numeric(nil))], type: .numeric(nil), order: [(3, .integer)], descending: true),
    .over(.approxCountDistinct, [(1, .numeric(nil))], type: .bigint),
    .over(.approxPercentile, [(3, .integer)], type: .double, constants: [.double(0.5)]),
    .over(.count, [(1, .numeric(nil))], type: .bigint, distinct: true),
    .over(.sum, [(1, .numeric(nil))], type: .numeric(nil), distinct: true),
    .over(.percentileCont, [], type: .double, order: [(2, .double)], constants: [.double(0.25)]),
    .over(.percentileDisc, [], type: .numeric(nil), order: [(1, .numeric(nil))], constants: [.double(0.5)]),
    .over(.mode, [], type: .interval, order: [(4, .interval)]),
    .over(.stringAgg, [(0, .text)], type: .text, order: [(3, .integer)], constants: [.text("; ")]),
    .over(.arrayAgg, [(3, .integer)], type: .opaque(oid: 1007, name: "integer[]")),
    .over(.topK, [(3, .integer)], type: .opaque(oid: 1007, name: "integer[]"), constants: [.integer(2)]),
  ]

  static let rows: [[Value]] = [
    [.text("x"), .number("1.10"), .double(0.1), .integer(3), month],
    [.text("y"), .number("2"), .double(-0.0), .integer(1), days],
    [.text("x"), .number("1.1"), .double(1e300), .integer(3), days],
    [.null, .null, .null, .null, .null],
    [.text("x"), .number("-7.125"), .double(-1e300), .integer(1), month],
    [.text("y"), .number("2.000"), .double(0), .null, month],
  ]

  private static let month = Value.interval(CalendarInterval(months: 1))
  private static let days = Value.interval(CalendarInterval(days: 30))

  /// All ways to order `count` things.
  private static func permutations(_ count: Int) -> [[Int]] {
    if count == 0 { return [[]] }
    return permutations(count - 1).flatMap { shorter in
      (0...shorter.count).map { position in
        var longer = shorter
        longer.insert(count - 1, at: position)
        return longer
      }
    }
  }

  @Test func everyOrderOfRowsGivesTheSamePartial() throws {
    let rig = AggregateRig(Self.types, keys: [0], Self.everything)
    let expected = try rig.partial(Self.rows)
    for order in Self.permutations(Self.rows.count - 1).map({ $0 + [Self.rows.count - 1] }) {
      #expect(try rig.partial(order.map { Self.rows[$0] }) == expected, "rows in the order \(order)")
    }
  }

  @Test func everySplitGivesTheSamePartialAndResult() throws {
    let rig = AggregateRig(Self.types, keys: [0], Self.everything)
    let expected = try rig.partial(Self.rows)
    let result = try rig.results(expected)
    #expect(result.count == 3)
    // Each row to one of two chunks, in all ways.
    for code in 0..<64 {
      var chunks: [[[Value]]] = [[], []]
      for (number, row) in Self.rows.enumerated() { chunks[code >> number & 1].append(row) }
      let partials = try chunks.flatMap { try rig.partial($0) }
      #expect(try rig.merged(partials) == expected[0], "split \(code)")
      #expect(try rig.results(partials) == result, "split \(code)")
    }
  }

  @Test func mergingIsAssociative() throws {
    let rig = AggregateRig(Self.types, keys: [0], Self.everything)
    let partials = try Self.rows.flatMap { try rig.partial([$0]) }
    let all = try rig.merged(partials)
    for middle in 1..<partials.count {
      let left = try rig.merged(Array(partials[..<middle]))
      let right = try rig.merged(Array(partials[middle...]))
      #expect(try rig.merged([left, right]) == all)
      #expect(try rig.merged([right, left]) == all)
    }
  }

  @Test func spillingChangesNothing() throws {
    var random = FixedRandom(seed: 3)
    let rows: [[Value]] = (0..<4_000).map { _ in
      [
        .text("group \(Int.random(in: 0..<300, using: &random)) with a name beyond sixteen bytes"),
        .number("\(Int.random(in: 0..<40, using: &random)).\(Int.random(in: 10..<12, using: &random))"),
        .double(Double(Int.random(in: -9...9, using: &random)) / 7),
        .integer(Int64.random(in: 0..<1_000, using: &random)), Self.month,
      ]
    }
    let rig = AggregateRig(Self.types, keys: [0], Self.everything)
    let whole = try rig.partial(rows)
    let spilled = try rig.partial(rows, batchSize: 97, memoryLimit: 400_000)
    #expect(whole.count == 1)
    #expect(spilled.count > 3)
    #expect(try rig.merged(spilled) == whole[0])
    #expect(try rig.results(spilled) == rig.results(whole))
  }

  @Test func aGroupOfManyDistinctValuesStaysSmall() throws {
    let rig = AggregateRig(
      [.bigint],
      [
        .over(.count, [(0, .bigint)], type: .bigint, distinct: true),
        .over(.percentileDisc, [], type: .bigint, order: [(0, .bigint)], constants: [.double(0.9)]),
      ])
    let count: Int64 = 60_000
    let rows = (0..<count).map { [Value.integer($0 &* 7_919 % count)] }
    let runs = try rig.partial(rows, memoryLimit: 1 << 20)
    #expect(runs.count > 2)
    #expect(try rig.results(runs) == [[.integer(count), .integer(count * 9 / 10 - 1)]])
  }

  @Test func moreGroupsThanABatchHolds() throws {
    let rig = AggregateRig([.integer], keys: [0], [.countRows()])
    let rows = (0..<10_000).map { [Value.integer(Int64($0 * 37 % 5_000))] }
    let results = try rig.results(rig.partial(rows[..<5_000]) + rig.partial(rows[5_000...]))
    #expect(results == (0..<5_000).map { [.integer(Int64($0)), .integer(2)] })
  }

  @Test func noRows() throws {
    let global = AggregateRig([.integer], [.countRows(), .over(.sum, [(0, .integer)], type: .bigint)])
    #expect(try global.results([]) == [[.integer(0), .null]])
    #expect(try global.results([[]]) == [[.integer(0), .null]])
    let grouped = AggregateRig([.integer], keys: [0], [.countRows()])
    #expect(try grouped.results(of: []) == [])
    let sets = AggregateRig([.integer], keys: [0], sets: [[0], [], []], [.countRows()])
    #expect(try sets.results(of: []) == [[.null, .integer(0)], [.null, .integer(0)]])
  }

  @Test func groupingSets() throws {
    let rig = AggregateRig(
      [.text, .integer], keys: [0, 1], sets: [[0, 1], [0], []], groupings: [[0, 1], [1]], [.countRows()])
    let rows: [[Value]] = [[.text("a"), .integer(1)], [.text("a"), .null], [.null, .integer(1)]]
    func row(_ text: Value, _ number: Value, _ count: Int64, _ both: Int64, _ one: Int64) -> [Value] {
      [text, number, .integer(count), .integer(both), .integer(one)]
    }
    #expect(
      try rig.results(of: rows) == [
        row(.text("a"), .integer(1), 1, 0, 0), row(.text("a"), .null, 1, 0, 0),
        row(.null, .integer(1), 1, 0, 0), row(.text("a"), .null, 2, 1, 1), row(.null, .null, 1, 1, 1),
        row(.null, .null, 3, 3, 1),
      ])
  }
}
