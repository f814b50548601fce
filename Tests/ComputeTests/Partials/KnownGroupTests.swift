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
      { [.null, text(few)] }, { [integer(0...0), .null] },
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

  @Test(arguments: [[0], [1], [0, 1], [1, 0]], [1 << 30, 40_000])
  func countsAreThoseOfADictionary(_ keys: [Int], _ memoryLimit: Int) throws {
    for seed in UInt64(1)...5 {
      var random = FixedRandom(seed: seed)
      let rows = seed == 1 ? Self.rows(seed: seed) : Self.rows(seed: seed).shuffled(using: &random)
      let rig = AggregateRig([.bigint, .text], keys: keys, [.countRows()])
      let results = try rig.results(try rig.partial(rows, batchSize: 100, memoryLimit: memoryLimit))
      var found: [[Value]: Int64] = [:]
      for row in results {
        guard case .integer(let count) = row[keys.count] else { continue }
        #expect(found.updateValue(count, forKey: Array(row[..<keys.count])) == nil)
      }
      #expect(found == Self.counts(rows.map { row in keys.map { row[$0] } }))
    }
  }

  /// Several sets share one table of groups.
  @Test func groupingSetsKeepApart() throws {
    let rows = Self.rows(seed: 3)
    let rig = AggregateRig([.bigint, .text], keys: [0, 1], sets: [[0, 1], [0], [1], []], [.countRows()])
    let expected =
      Self.counts(rows).count + Self.counts(rows.map { [$0[0]] }).count
      + Self.counts(rows.map { [$0[1]] }).count + 1
    #expect(try rig.results(of: rows).count == expected)
  }

  /// Far more groups than codes are worth, then few again.
  @Test func manyGroups() throws {
    let rows = (0..<60_000).map { [Value.integer(Int64($0 * 7 % 50_000)), .text("\($0 % 3)")] }
    let rig = AggregateRig([.integer, .text], keys: [0, 1], [.countRows()])
    #expect(try rig.results(of: rows + rows.prefix(5_000)).count == Self.counts(rows).count)
  }
}
