import Compute
import Expressions
import Model
import Testing

/// Aggregates over integers and numerics, digit for digit against plain decimal arithmetic.
@Suite struct ExactAggregateTests {
  private static let functions: [AggregateFunction] = [
    .count, .sum, .avg, .min, .max, .varPop, .varSamp, .stddevPop, .stddevSamp,
  ]

  private static func calls(_ type: SQLType) -> [AggregateCall] {
    functions.map { function in
      let result: SQLType =
        switch function {
        case .count: .bigint
        case .min, .max: type
        case .sum where type == .integer || type == .smallint: .bigint
        default: .numeric(nil)
        }
      return .over(function, [(0, type)], type: result)
    }
  }

  /// The greatest value, or the least where `sign` is -1; of equal ones that with the largest scale.
  private static func extreme(_ values: [Decimal], _ sign: Int) -> Decimal? {
    values.dropFirst().reduce(values.first) { best, value in
      guard let best else { return value }
      let order = Decimal.order(value, best) * sign
      return order > 0 || (order == 0 && value.scale > best.scale) ? value : best
    }
  }

  /// What Postgres computes, from its definition over exact decimals.
  private static func expected(_ texts: [String?], _ type: SQLType) throws -> [Value] {
    let values = try texts.compactMap { try $0.map { try Decimal(parsing: $0) } }
    func whole(_ value: Decimal) throws -> Value { .integer(try value.int64()) }
    guard !values.isEmpty else { return [.integer(0)] + Array(repeating: .null, count: 8) }
    let sum = try values.reduce(Decimal.zero) { try $0.adding($1) }
    let squares = try values.reduce(Decimal.zero) { try $0.adding($1.multiplied(by: $1)) }
    let count = Int64(values.count)
    func extreme(_ sign: Int) -> Decimal { Self.extreme(values, sign) ?? .zero }
    func spread(_ root: Bool, _ sample: Bool) throws -> Value {
      let result =
        root
        ? try Decimal.standardDeviation(
          sum: sum.digits, sumOfSquares: squares.digits, count: count, sample: sample)
        : try Decimal.variance(
          sum: sum.digits, sumOfSquares: squares.digits, count: count, sample: sample)
      return result.map { .numeric($0) } ?? .null
    }
    let isInteger = type.isInteger
    return [
      .integer(count),
      type == .integer ? try whole(sum) : .numeric(sum),
      .numeric(try sum.divided(by: Decimal(count))),
      isInteger ? try whole(extreme(-1)) : .numeric(extreme(-1)),
      isInteger ? try whole(extreme(1)) : .numeric(extreme(1)),
      try spread(false, false), try spread(false, true), try spread(true, false), try spread(true, true),
    ]
  }

  static let numericCases: [[String?]] = [
    [],
    [nil],
    ["0"],
    ["1.5"],
    ["1.50", "1.5", nil, "-3"],
    ["0.00", "0.000"],
    ["99999999999999999.99", "0.01", "-0.01"],
    ["9223372036854775807", "9223372036854775807", "1"],
    ["170141183460469231731687303715884105727", "170141183460469231731687303715884105727"],
    ["170141183460469231731687303715884105727", "1", "-170141183460469231731687303715884105727"],
    ["1e60", "1", "-1e60", "0.00000000000000000000000000001"],
    ["123456789012345678901234567890.123456789012345678901234567890", "3"],
    ["0.1", "0.02", "0.003", "0.0004", "0.00000000000000000000000005"],
    ["4611686018427387904", "-4611686018427387904", "4611686018427387904.5"],
    // The ends of what 64 bits hold, alone and beside others of the same scale and of another one.
    ["92233720368547758.07"],
    ["-92233720368547758.08", nil],
    ["-92233720368547758.08", "1.00", "92233720368547758.07"],
    ["2.50", "-92233720368547758.08", "2.5", "2.500"],
    ["1.25", "92233720368547758.07", "92233720368547758.08", "-92233720368547758.09"],
  ]

  @Test(arguments: numericCases) func numerics(_ texts: [String?]) throws {
    let rig = AggregateRig([.numeric(nil)], Self.calls(.numeric(nil)))
    let rows = texts.map { [$0.map { Value.number($0) } ?? .null] }
    let expected = try Self.expected(texts, .numeric(nil))
    #expect(try rig.results(of: rows) == [expected])
    // One chunk per row, and the rows the other way round.
    #expect(try rig.results(rows.flatMap { try rig.partial([$0]) }) == [expected])
    #expect(try rig.results(of: Array(rows.reversed())) == [expected])
  }

  /// Postgres's answers; nil where it fails, because the result is no numeric. What comes on the way may be none.
  static let hugeCases: [(texts: [String], function: AggregateFunction, result: String?)] = [
    (["9e131071", "9e131071", "-9e131071"], .sum, "9e131071"),
    (["9e131071", "9e131071", "-9e131071"], .varPop, nil),
    (["9e131071", "9e131071"], .sum, nil),
    (["1e131071", "-1e131071", "1e-16383"], .sum, "1e-16383"),
    (["1e70000", "1e70000"], .stddevSamp, "0"),
    (["1e70000", "3e70000"], .varPop, nil),
    (["1e-9000", "3e-9000"], .varPop, "0." + String(repeating: "0", count: 1000)),
  ]

  @Test(arguments: hugeCases) func onlyAResultMustBeANumeric(
    _ texts: [String], _ function: AggregateFunction, _ result: String?
  ) throws {
    let rig = AggregateRig([.numeric(nil)], [.over(function, [(0, .numeric(nil))], type: .numeric(nil))])
    let rows = texts.map { [Value.number($0)] }
    let partials = try rows.flatMap { try rig.partial([$0]) }
    if let result {
      #expect(try rig.results(of: rows) == [[.number(result)]])
      #expect(try rig.results(of: rows.reversed()) == [[.number(result)]])
      #expect(try rig.results(partials) == [[.number(result)]])
    } else {
      #expect(throws: Fault.self) { try rig.results(of: rows) }
      #expect(throws: Fault.self) { try rig.results(partials) }
    }
  }

  /// Batches of three groups, each kind of which an extreme is kept for in another way; the third stays empty.
  private static let batchKinds: [[(group: Int64, text: String?)]] = [
    [(1, nil), (2, nil), (3, nil)],
    [(1, "1.50"), (2, "-2.25"), (3, nil)],
    [(1, "1.500"), (1, "-7.125"), (3, nil)],
    // The least mantissa of 64 bits.
    [(2, "-92233720368547758.08"), (1, "0.25"), (3, nil)],
    [(2, "170141183460469231731687303715884105727"), (2, "-2.2500"), (3, nil)],
    [(1, "NaN"), (2, nil), (2, "3")],
  ]

  @Test func extremesOfBatchesInAnyOrder() throws {
    let rig = AggregateRig(
      [.integer, .numeric(nil)], keys: [0],
      [
        .over(.min, [(1, .numeric(nil))], type: .numeric(nil)),
        .over(.max, [(1, .numeric(nil))], type: .numeric(nil)),
      ])
    var orders: [[Int]] = [[]]
    for kind in Self.batchKinds.indices {
      orders = orders.flatMap { order in
        (0...order.count).map { place in Array(order[..<place]) + [kind] + Array(order[place...]) }
      }
    }
    #expect(orders.count == 720)
    for order in orders {
      for count in [3, order.count] {
        let cells = order.prefix(count).flatMap { Self.batchKinds[$0] }
        let rows = cells.map { [Value.integer($0.group), $0.text.map { .number($0) } ?? .null] }
        let expected = try Set(cells.map { $0.group }).sorted().map { group in
          let values = try cells.filter { $0.group == group }.compactMap {
            try $0.text.map { try Decimal(parsing: $0) }
          }
          return [Value.integer(group)]
            + [-1, 1].map { Self.extreme(values, $0).map { .numeric($0) } ?? .null }
        }
        let inputs = [
          try rig.partial(rows, batchSize: 3),
          // Spilled behind each batch.
          try rig.partial(rows, batchSize: 3, memoryLimit: 1),
          try rig.partial(rows.prefix(6), batchSize: 3) + rig.partial(rows.dropFirst(6), batchSize: 3),
        ]
        for input in inputs { #expect(try rig.results(input) == expected, "\(order.prefix(count))") }
      }
    }
  }

  /// One value of another scale moves all groups: what that takes has been counted before.
  @Test func memoryOfExtremesIsCountedBeforeItIsTaken() throws {
    let rig = AggregateRig(
      [.integer, .numeric(nil)], keys: [0], [.over(.max, [(1, .numeric(nil))], type: .numeric(nil))])
    let aggregator = try ChunkAggregator(
      rig.aggregate, schema: rig.schema, zones: AggregateRig.zones, memoryLimit: 1 << 30)
    for batch in rig.batches((0..<8_000).map { [.integer($0), .number("1.25")] }) {
      _ = try aggregator.add(batch)
    }
    let before = aggregator.memory
    for batch in rig.batches([[.integer(1), .number("1.125")]]) { _ = try aggregator.add(batch) }
    #expect(aggregator.memory <= before)
  }

  @Test(arguments: [SQLType.integer, .bigint])
  func integers(_ type: SQLType) throws {
    let rig = AggregateRig([type], Self.calls(type))
    let cases: [[Int64?]] = [
      [], [nil], [7], [1, 2, 3, 4], [nil, -5, 5], [Int64(Int32.max), Int64(Int32.max), Int64(Int32.min)],
    ]
    for values in cases {
      let rows = values.map { [$0.map { Value.integer($0) } ?? .null] }
      let expected = try Self.expected(values.map { $0.map { String($0) } }, type)
      #expect(try rig.results(of: rows) == [expected])
    }
  }

  @Test func sumOfBigintsWidensToNumeric() throws {
    let rig = AggregateRig([.bigint], [.over(.sum, [(0, .bigint)], type: .numeric(nil))])
    let rows = Array(repeating: [Value.integer(.max)], count: 5_000)
    #expect(try rig.results(of: rows) == [[.number("46116860184273879035000")]])
  }

  @Test func specialNumerics() throws {
    let rig = AggregateRig([.numeric(nil)], Self.calls(.numeric(nil)))
    func sumAndVariance(_ texts: [String]) throws -> [Value] {
      let row = try rig.results(of: texts.map { [.number($0)] })[0]
      return [row[1], row[2], row[3], row[4], row[6]]
    }
    #expect(
      try sumAndVariance(["1", "Infinity"])
        == ["Infinity", "Infinity", "1", "Infinity", "NaN"].map { .number($0) })
    #expect(
      try sumAndVariance(["1", "Infinity", "-Infinity"])
        == ["NaN", "NaN", "-Infinity", "Infinity", "NaN"].map { .number($0) })
    #expect(
      try sumAndVariance(["NaN", "2", "-Infinity"])
        == ["NaN", "NaN", "-Infinity", "NaN", "NaN"].map { .number($0) })
  }

  @Test func randomNumericsOfMixedScales() throws {
    var random = FixedRandom(seed: 7)
    let texts: [String?] = (0..<1_200).map { _ in
      switch Int.random(in: 0..<12, using: &random) {
      case 0: nil
      case 1: "\(Int64.random(in: .min ... .max, using: &random))"
      case 2:
        "\(Int64.random(in: 0 ... .max, using: &random))\(Int64.random(in: 0 ... .max, using: &random)).25"
      case 3: "0.\(String(repeating: "0", count: 30))\(Int.random(in: 1..<99, using: &random))"
      default:
        "\(Int.random(in: -999_999...999_999, using: &random)).\(Int.random(in: 10...99, using: &random))"
      }
    }
    let rig = AggregateRig([.numeric(nil)], Self.calls(.numeric(nil)))
    let rows = texts.map { [$0.map { Value.number($0) } ?? .null] }
    let expected = try Self.expected(texts, .numeric(nil))
    for size in [1, 7, 100, 2_048] {
      #expect(try rig.results(rig.partial(rows, batchSize: size)) == [expected])
    }
  }

  @Test func filterAndGroups() throws {
    let rig = AggregateRig(
      [.text, .integer, .boolean], keys: [0],
      [
        .countRows(), .countRows(filter: 2), .over(.sum, [(1, .integer)], type: .bigint, filter: 2),
        .over(.boolAnd, [(2, .boolean)], type: .boolean), .over(.boolOr, [(2, .boolean)], type: .boolean),
      ])
    let rows: [[Value]] = [
      [.text("b"), .integer(1), .boolean(true)], [.text("a"), .integer(2), .boolean(false)],
      [.null, .integer(4), .null], [.text("b"), .integer(8), .boolean(false)],
      [.text(""), .null, .boolean(true)],
    ]
    #expect(
      try rig.results(of: rows) == [
        [.text(""), .integer(1), .integer(1), .null, .boolean(true), .boolean(true)],
        [.text("a"), .integer(1), .integer(0), .null, .boolean(false), .boolean(false)],
        [.text("b"), .integer(2), .integer(1), .integer(1), .boolean(false), .boolean(true)],
        [.null, .integer(1), .integer(0), .null, .null, .null],
      ])
  }
}
