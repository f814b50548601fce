import Compute
import Model
import Testing

/// Groups are found by the codes of their keys' values as they are without them, whatever the values come to.
@Suite struct KnownGroupTests {
  /// Rows of an integer and a text key, one kind after another: each changes what the codes before it meant.
  private static func rows(seed: UInt64) -> [[Value]] {
    var random = FixedRandom(seed: seed)
    func integer(_ range: ClosedRange<Int64>) -> Value { .integer(.random(in: range, using: &random)) }
    func text(_ texts: [String]) -> Value { .text(texts.randomElement(using: &random) ?? "") }
    let few = ["", "a", "ab", "AIR  ", "eight by", "nine byte", "sixteen bytes!!!"]
    let long = ["sixteen bytes!!!", "sixteen bytes!!! and more", "sixteen bytes!!! and less"]
    let kinds: [() -> [Value]] = [
      { [integer(100...103), text(few)] }, { [integer(-3...101), text(few)] },
      { [.integer(.max), text(few)] }, { [.null, text(few)] }, { [integer(0...0), .null] },
      { [integer(90...900), text(["", "new"])] }, { [integer(1...2), text(long)] },
      { [integer(60_000...60_003), text(few)] }, { [integer(66_000...66_001), text(few)] },
      { [integer(.min ... .min + 1), text(["x"])] }, { [integer(.max - 1 ... .max), .null] },
      { [integer(1...2), .text("\(Int.random(in: 0...400, using: &random))")] },
      { [integer(1...100_000), text(few)] },
    ]
    return kinds.flatMap { kind in (0..<500).map { _ in kind() } }
  }

  private static func counts(_ rows: [[Value]]) -> [[Value]: Int64] {
    rows.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  /// The counts of result rows whose first columns are the keys.
  private static func counts(of results: [[Value]], keys: Int) -> [[Value]: Int64] {
    var found: [[Value]: Int64] = [:]
    for row in results {
      guard case .integer(let count) = row[keys] else { continue }
      #expect(found.updateValue(count, forKey: Array(row[..<keys])) == nil, "a group comes twice: \(row)")
    }
    return found
  }

  @Test(arguments: [[0], [1], [0, 1], [1, 0]], [1 << 30, 4 << 20, 40_000])
  func countsAreThoseOfADictionary(_ keys: [Int], _ memoryLimit: Int) throws {
    for seed in UInt64(1)...5 {
      var random = FixedRandom(seed: seed)
      let rows = seed == 1 ? Self.rows(seed: seed) : Self.rows(seed: seed).shuffled(using: &random)
      let rig = AggregateRig([.bigint, .text], keys: keys, [.countRows()])
      let results = try rig.results(try rig.partial(rows, batchSize: 100, memoryLimit: memoryLimit))
      let expected = Self.counts(rows.map { row in keys.map { row[$0] } })
      #expect(Self.counts(of: results, keys: keys.count) == expected)
    }
  }

  /// The least key moves down by so little beside the range that the codes' width stays as it is.
  @Test func aLeastKeyThatMovesWithinTheWidth() throws {
    for spans: [[Int64]] in [
      [[10_000, 10_001, 50_000], [5_000, 10_000, 10_001]], [[9, 65_000], [0, 9, 60_000]],
    ] {
      let rows = spans.flatMap { span in (0..<100).map { [Value.integer(span[$0 % span.count])] } }
      let rig = AggregateRig([.bigint], keys: [0], [.countRows()])
      let results = try rig.results(try rig.partial(rows, batchSize: 100))
      #expect(Self.counts(of: results, keys: 1) == Self.counts(rows), "\(spans)")
    }
  }

  private static let day: Int64 = 86_400_000_000

  /// Rows of keys of other types: a char(5) in several spellings, a flag, a day, a time and bytes.
  private static func rowsOfTypes(seed: UInt64) -> [[Value]] {
    var random = FixedRandom(seed: seed)
    let padded = ["a", "a ", "a    ", "ab", "ab   ", "", "     ", "abcde", "é", "é    "]
    let bytes: [[UInt8]] = [[], [0], [0, 0], [1], [1, 0], [255], Array(repeating: 7, count: 16)]
    return (0..<3_000).map { index in
      func orNull(_ value: Value) -> Value { Int.random(in: 0..<10, using: &random) == 0 ? .null : value }
      // Later rows have earlier days, and at last such as are no midnights, or no days at all.
      let days = Int64.random(in: 0...30, using: &random) - Int64(index / 100) * 25
      let time: Int64 = index < 2_000 ? days * Self.day : days * Self.day + Int64(index % 3) * 1_000
      return [
        orNull(.text(padded.randomElement(using: &random) ?? "")), orNull(.boolean(.random(using: &random))),
        orNull(.date(index % 999 == 998 ? .max : Int32(days))),
        orNull(.timestamp(index % 999 == 998 ? .min : time)),
        orNull(.bytes(bytes.randomElement(using: &random) ?? [])),
      ]
    }
  }

  @Test(arguments: [[0], [1], [2], [3], [4], [0, 1, 2], [3, 1, 4], [4, 3, 2, 1, 0]], [1 << 30, 40_000])
  func keysOfOtherTypes(_ keys: [Int], _ memoryLimit: Int) throws {
    let rig = AggregateRig([.char(5), .boolean, .date, .timestamp, .bytea], keys: keys, [.countRows()])
    for seed in UInt64(1)...3 {
      let rows = Self.rowsOfTypes(seed: seed)
      let results = try rig.results(try rig.partial(rows, batchSize: 100, memoryLimit: memoryLimit))
      let expected = Self.counts(
        rows.map { row in
          keys.map { key in
            guard key == 0, case .text(let text) = row[0] else { return row[key] }
            return .text(text + String(repeating: " ", count: 5 - text.count))
          }
        })
      #expect(Self.counts(of: results, keys: keys.count) == expected)
    }
  }

  /// Several sets share one table of groups.
  @Test(arguments: [1 << 30, 40_000]) func groupingSetsKeepApart(_ memoryLimit: Int) throws {
    let rows = Self.rows(seed: 3)
    let rig = AggregateRig(
      [.bigint, .text], keys: [0, 1], sets: [[0, 1], [0], [1], []], groupings: [[0, 1]], [.countRows()])
    // Each key with the number of its set, whose bits say which columns it lacks.
    let keysOfSets = rows.flatMap { row -> [[Value]] in
      [
        [row[0], row[1], .integer(0)], [row[0], .null, .integer(1)], [.null, row[1], .integer(2)],
        [.null, .null, .integer(3)],
      ]
    }
    let results = try rig.results(try rig.partial(rows, batchSize: 100, memoryLimit: memoryLimit))
    let found = Self.counts(of: results.map { [$0[0], $0[1], $0[3], $0[2]] }, keys: 3)
    #expect(found == Self.counts(keysOfSets))
  }

  /// Far more groups than codes are worth, then few again.
  @Test func manyGroups() throws {
    var rows = (0..<60_000).map { [Value.integer(Int64($0 * 7 % 50_000)), .text("\($0 % 3)")] }
    rows += rows.prefix(5_000)
    let rig = AggregateRig([.integer, .text], keys: [0, 1], [.countRows()])
    #expect(Self.counts(of: try rig.results(of: rows), keys: 2) == Self.counts(rows))
  }

  /// What an aggregation by one column takes after all rows.
  private static func memory(
    _ type: SQLType, _ keys: [Value], batchSize: Int = 2_048, limit: Int = 1 << 30
  ) throws -> Int {
    let rig = AggregateRig([type], keys: [0], [.countRows()])
    let aggregator = try ChunkAggregator(
      rig.aggregate, schema: rig.schema, zones: AggregateRig.zones, memoryLimit: limit)
    for batch in rig.batches(keys.map { [$0] }, size: batchSize) { _ = try aggregator.add(batch) }
    return aggregator.memory
  }

  /// Days are found by their codes whether they are dates or midnights, in rising and in falling order.
  @Test(arguments: [false, true]) func midnightsAreFoundAsDays(_ isFalling: Bool) throws {
    let days: [Int64] = isFalling ? Array((0..<6_000).reversed()) : Array(0..<6_000)
    let ofDates = try Self.memory(.date, days.map { .date(Int32($0)) }, batchSize: 1_000)
    let ofTimes = try Self.memory(.timestamp, days.map { .timestamp($0 * Self.day) }, batchSize: 1_000)
    #expect(ofTimes == ofDates)
    // Days without end among them.
    let endless = days.map { Value.date($0 % 500 == 499 ? [.min, .max][Int($0 / 500) % 2] : Int32($0)) }
    #expect(try Self.memory(.date, endless, batchSize: 1_000) == ofDates)
    // Days that no grid holds, which take another form.
    let scattered = days.map { Value.timestamp($0 * Self.day + $0 % 2 * 1_001) }
    #expect(try Self.memory(.timestamp, scattered, batchSize: 1_000) < ofDates)
  }

  /// The array of codes counts, and takes no more than its share of the limit.
  @Test func memoryOfCodesIsCounted() throws {
    let keys: [Value] = [.integer(0), .integer(1), .integer(60_000)]
    let whole = try Self.memory(.bigint, keys)
    let small = try Self.memory(.bigint, keys, limit: 1 << 20)
    #expect(whole - small >= 1 << 18)
  }
}
