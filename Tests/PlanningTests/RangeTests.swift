import Model
import Testing

@testable import Planning

/// Every row belongs to exactly one range, whatever the boundaries are.
@Suite struct RangeTests {
  private static func ranges(_ columns: [(String, Bool)]) -> KeyRanges {
    KeyRanges(
      columns: columns.map {
        KeyRanges.Column(name: Identifier($0.0), type: .integer, isNullable: $0.1, collation: nil)
      }, relation: "\(Identifier("t"))")
  }

  /// All rows of `width` columns over `values`.
  private static func rows(_ values: [[Int?]]) -> [[Int?]] {
    values.reduce([[]]) { rows, choices in rows.flatMap { row in choices.map { row + [$0] } } }
  }

  @Test(
    arguments: [
      [], ["2"], ["2", "2"], ["0", "1", "1", "3"], [nil, "1"], ["1", nil, "3", "3", "3"], ["9"],
    ] as [[String?]])
  func oneColumn(_ boundaries: [String?]) {
    for isNullable in [false, true] {
      let ranges = Self.ranges([("a", isNullable)]).ranges(
        boundaries: boundaries.map { [$0] })
      let values: [Int?] = isNullable ? [nil, 0, 1, 2, 3, 4] : [0, 1, 2, 3, 4]
      for row in Self.rows([values]) {
        let hits = ranges.filter { RangeModel(columns: ["a"]).holds($0.predicate?.text, row) }
        #expect(hits.count == 1, "\(row) with \(boundaries): \(hits.map(\.text))")
      }
    }
  }

  @Test(
    arguments: [
      [], [["1", "1"]], [["0", "2"], ["1", "0"], ["1", "0"], ["2", "1"]],
      [["1", nil], [nil, "1"], ["1", "2"]],
    ] as [[[String?]]])
  func twoColumns(_ boundaries: [[String?]]) {
    for nullable in [[false, false], [true, false], [false, true], [true, true]] {
      let ranges = Self.ranges([("a", nullable[0]), ("b", nullable[1])]).ranges(
        boundaries: boundaries)
      let values: [[Int?]] = nullable.map { $0 ? [nil, 0, 1, 2] : [0, 1, 2] }
      for row in Self.rows(values) {
        let hits = ranges.filter { RangeModel(columns: ["a", "b"]).holds($0.predicate?.text, row) }
        #expect(hits.count == 1, "\(row) with \(boundaries): \(hits.map(\.text))")
      }
    }
  }

  @Test func theModelCanTellAGapFromAnOverlap() {
    let model = RangeModel(columns: ["a"])
    #expect(!model.holds("\"a\" < ('2'::integer)", [2]))
    #expect(model.holds("\"a\" >= ('2'::integer)", [2]))
    #expect(!model.holds("\"a\" >= ('2'::integer)", [nil]))
    #expect(model.holds("(\"a\" IS NULL)", [nil]))
  }

  @Test func keysKeepTheIndexesCollationAndEscapeTheirValues() {
    let ranges = KeyRanges(
      columns: [
        .init(
          name: Identifier("na\"me"), type: .text, isNullable: false,
          collation: QualifiedName("pg_catalog", "C"))
      ], relation: "t")
    #expect(
      ranges.ranges(boundaries: [["it's"]]).map { $0.predicate?.text } == [
        "\"na\"\"me\" COLLATE \"pg_catalog\".\"C\" < ('it''s'::text)",
        "\"na\"\"me\" COLLATE \"pg_catalog\".\"C\" >= ('it''s'::text)",
      ])
    let query = ranges.boundaryQuery(filter: "x > 1", samplePercent: 2.5, chunks: 4).text
    #expect(query.contains("ORDER BY \"na\"\"me\" COLLATE \"pg_catalog\".\"C\""))
    #expect(
      query.contains("t TABLESAMPLE SYSTEM (2.5) REPEATABLE (0) WHERE \"na\"\"me\" IS NOT NULL AND x > 1"))
  }

  @Test func pagesFollowEachOtherAndTheLastRangeIsOpen() {
    for pages in Int64(0)...12 {
      for step in Int64(0)...5 {
        let ranges = PageRanges(relation: "t", pages: pages, label: nil).ranges(pagesPerChunk: step)
        var next = "the start"
        for (number, range) in ranges.enumerated() {
          let text = range.predicate?.text ?? ""
          let bounds = text.split(separator: "'").filter { $0.hasPrefix("(") }.map(String.init)
          if number == 0 { #expect(!text.contains(">=")) } else { #expect(bounds.first == next) }
          if number == ranges.count - 1 { #expect(!text.contains(" < ")) } else { next = bounds.last ?? "" }
        }
        #expect(ranges.count == max(1, Int((pages + max(step, 1) - 1) / max(step, 1))))
        let starts = ranges.compactMap { $0.text.split(separator: " ").compactMap { Int64($0) }.first }
        let lengths = zip(starts, starts.dropFirst() + [pages]).map { $1 - $0 }
        #expect((lengths.max() ?? 0) - (lengths.min() ?? 0) <= 1)
      }
    }
    let ranges = PageRanges(relation: "t", pages: 5, label: "p").ranges(pagesPerChunk: 2)
    #expect(
      ranges.map { $0.predicate?.text } == [
        "ctid < '(2,0)'::tid", "ctid >= '(2,0)'::tid AND ctid < '(4,0)'::tid", "ctid >= '(4,0)'::tid",
      ])
    #expect(
      ranges.map(\.text) == [
        "p pages from 0 to before 2", "p pages from 2 to before 4", "p pages from 4 to the end",
      ])
  }

  @Test func timeWindowsAreOpenAtBothEnds() {
    let windows = TimeWindows(relation: "t", column: Identifier("at"), type: .timestamptz, isNullable: true)
    let ranges = windows.ranges(starts: [["2026-01-01 00:00:00+00"], ["2026-01-02 00:00:00+00"]])
    #expect(
      ranges.map { $0.predicate?.text } == [
        "\"at\" IS NOT NULL AND \"at\" < ('2026-01-02 00:00:00+00'::timestamp with time zone)",
        "\"at\" IS NOT NULL AND \"at\" >= ('2026-01-02 00:00:00+00'::timestamp with time zone)",
        "(\"at\" IS NULL)",
      ])
    #expect(
      windows.ranges(starts: []).map { $0.predicate?.text } == ["\"at\" IS NOT NULL", "(\"at\" IS NULL)"])
  }
}
