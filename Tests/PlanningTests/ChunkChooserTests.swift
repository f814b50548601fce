import Model
import Testing

@testable import Planning

/// The decision table: kind of relation, consistency, version and estimate to a choice and its reason.
@Suite struct ChunkChooserTests {
  private func choose(
    _ table: TableFacts?, _ estimate: QueryEstimate, rule: ChunkRule = ChunkRule(),
    consistency: Source.Consistency = .snapshot, version: Int = 150_004
  ) throws(Fault) -> ChunkChoice {
    try ChunkChooser(
      rule: rule, consistency: consistency, server: ServerFacts(version: version, database: "1"),
      table: table, estimate: estimate, sourceName: "orders"
    ).choose()
  }

  @Test func aLargeHeapGoesByPagesUnderASnapshotOnly() throws {
    let table = PlanSamples.table()
    #expect(
      try choose(table, PlanSamples.estimate(1_000_000))
        == .pages(
          perChunk: 2500,
          reason:
            "one heap under one snapshot is read by page ranges; about 250000 rows each, the least that pays")
    )
    let keyed = ChunkChoice.key(
      ["id"], chunks: 4, samplePercent: nil,
      reason: "the unique index orders_pkey orders it; about 250000 rows each, the least that pays")
    #expect(try choose(table, PlanSamples.estimate(1_000_000), consistency: .chunk) == keyed)
    #expect(try choose(table, PlanSamples.estimate(1_000_000), version: 130_009) == keyed)
    #expect(try choose(PlanSamples.table(isHeap: false), PlanSamples.estimate(1_000_000)) == keyed)
  }

  @Test func anIndexThatTheServerUsesIsFollowed() throws {
    #expect(
      try choose(PlanSamples.table(), PlanSamples.estimate(600_000, scan: "Index Scan", index: "orders_pkey"))
        == .key(
          ["id"], chunks: 3, samplePercent: nil,
          reason: "the server reads it by the index orders_pkey; about 250000 rows each, the least that pays")
    )
  }

  @Test func aLargeHeapsBoundariesAreSampled() throws {
    let table = PlanSamples.table(pages: 400_000, rows: 40_000_000)
    #expect(
      try choose(table, PlanSamples.estimate(40_000_000), rule: ChunkRule(kind: .key, columns: ["id"]))
        == .key(
          ["id"], chunks: 40, samplePercent: 1,
          reason: "the job names the key; about 1000000 rows each, the most that a crash should lose"))
  }

  /// An eighth of what is read, but no chunk smaller or larger than pays; with the reason.
  @Test(arguments: [
    (500_000, nil, 2, "about 250000 rows each, the least that pays"),
    (2_000_000, nil, 8, "about 250000 rows each, an eighth of the source"),
    (6_000_000, nil, 8, "about 750000 rows each, an eighth of the source"),
    (8_000_000, nil, 8, "about 1000000 rows each, an eighth of the source"),
    (20_000_000, nil, 20, "about 1000000 rows each, the most that a crash should lose"),
    (8_192_000_000, nil, 4_096, "about 2000000 rows each, since there are 4096 chunks at most"),
    (6_000_000, 10_000, 600, "about 10000 rows each, as the job asks"),
  ])
  func chunksOfTheUsualSize(_ rows: Int, _ asked: Int?, _ chunks: Int, _ size: String) throws {
    let table = PlanSamples.table(pages: 1_000, rows: Double(rows))
    let choice = try choose(
      table, PlanSamples.estimate(Double(rows)),
      rule: ChunkRule(kind: .key, rows: asked, columns: ["id"]))
    #expect(
      choice
        == .key(["id"], chunks: chunks, samplePercent: nil, reason: "the job names the key; \(size)"))
  }

  /// Pages are read whatever the filter keeps of them: a filter neither shortens nor lengthens chunks.
  @Test(arguments: [5_900_000.0, 3_000_000, 800_000])
  func pagesAreSharedOutByTheRowsInThem(_ kept: Double) throws {
    #expect(
      try choose(PlanSamples.table(pages: 100_000, rows: 6_000_000), PlanSamples.estimate(kept))
        == .pages(
          perChunk: 12_500,
          reason:
            "one heap under one snapshot is read by page ranges; about 750000 rows each, an eighth of the source"
        ))
  }

  @Test(arguments: [
    (TableFacts.Kind.view, "a view has no pages and no key of its own"),
    (.foreign, "a foreign table has no pages here"),
  ])
  func kindsWithoutPages(_ kind: TableFacts.Kind, _ reason: String) throws {
    #expect(
      try choose(PlanSamples.table(kind), PlanSamples.estimate(10_000_000)) == .none(reason: reason))
  }

  @Test func smallTablesQueriesAndUnorderedOnesAreOneChunk() throws {
    #expect(
      try choose(PlanSamples.table(pages: 3), PlanSamples.estimate(120))
        == .none(reason: "about 120 rows are one chunk's worth"))
    // Never analysed, but three pages hold little.
    #expect(
      try choose(PlanSamples.table(pages: 3, rows: -1), PlanSamples.estimate(1e9)).reason
        == "about 1000000000 rows are one chunk's worth")
    #expect(
      try choose(nil, PlanSamples.estimate(1e9)).reason
        == "a query has no key of its own; name one with `chunk: {by: key, column: ...}`")
    #expect(
      try choose(PlanSamples.table(hasPrimaryKey: false), PlanSamples.estimate(1e6), consistency: .chunk)
        .reason
        == "no unique index orders it, and page ranges need a snapshot and server 14")
    #expect(
      try choose(nil, PlanSamples.estimate(1e9), rule: ChunkRule(kind: .none)).reason
        == "the job asks for one chunk")
  }

  @Test func partitionsArePagedUnderASnapshot() throws {
    let table = PlanSamples.table(
      .partitioned, pages: 0,
      partitions: [PlanSamples.partition("p1", pages: 5000), PlanSamples.partition("p2", pages: 5000)])
    #expect(
      try choose(table, PlanSamples.estimate(1_000_000))
        == .partitions(
          perChunk: 2500,
          reason: "page ranges of each partition; about 250000 rows each, the least that pays"))
    #expect(
      try choose(table, PlanSamples.estimate(1_000_000), consistency: .chunk)
        == .partitions(perChunk: nil, reason: "one chunk a partition"))
    #expect(
      try choose(table, PlanSamples.estimate(1_000_000), rule: ChunkRule(kind: .partition)).reason
        == "the job asks for one chunk a partition")
  }

  @Test func thereAreNeverMoreChunksThanTheLimit() throws {
    let rule = ChunkRule(kind: .key, rows: 1, columns: ["id"])
    guard
      case .key(_, let chunks, _, _) = try choose(PlanSamples.table(), PlanSamples.estimate(1e9), rule: rule)
    else {
      Issue.record("not by key")
      return
    }
    #expect(chunks == ChunkChooser.maximumChunks)
    guard
      case .pages(let perChunk, _) = try choose(
        PlanSamples.table(pages: 1 << 30, rows: 1e9), PlanSamples.estimate(1e9),
        rule: ChunkRule(kind: .ctid, rows: 1))
    else {
      Issue.record("not by pages")
      return
    }
    #expect((1 << 30) / perChunk < Int64(ChunkChooser.maximumChunks) + 1)
  }

  @Test(arguments: [
    (
      ChunkRule(kind: .ctid), PlanSamples.table(.view), Source.Consistency.snapshot, 150_000,
      "Page ranges need a table with a heap of its own"
    ),
    (
      ChunkRule(kind: .ctid), PlanSamples.table(isHeap: false), .snapshot, 150_000,
      "Page ranges need a table with a heap of its own"
    ),
    (
      ChunkRule(kind: .ctid), PlanSamples.table(), .chunk, 150_000,
      "Page ranges need `consistency: snapshot`, since rows move between pages"
    ),
    (
      ChunkRule(kind: .ctid), PlanSamples.table(), .snapshot, 130_009,
      "Page ranges need Postgres 14 or later; this server is 13"
    ),
    (
      ChunkRule(kind: .partition), PlanSamples.table(), .snapshot, 150_000,
      "`by: partition` needs a partitioned table"
    ),
    (ChunkRule(kind: .key), PlanSamples.table(), .snapshot, 150_000, "`by: key` needs a column"),
    (
      ChunkRule(kind: .time, columns: ["at"]), PlanSamples.table(), .snapshot, 150_000,
      "Time chunks need `column` and `span`"
    ),
  ])
  func wishesThatCannotBeMet(
    _ rule: ChunkRule, _ table: TableFacts, _ consistency: Source.Consistency, _ version: Int,
    _ sentence: String
  ) {
    let fault = #expect(throws: Fault.self) {
      try choose(table, PlanSamples.estimate(1e6), rule: rule, consistency: consistency, version: version)
    }
    #expect(fault?.sentence == sentence)
    #expect(fault?.code == "bad_chunk")
  }
}
