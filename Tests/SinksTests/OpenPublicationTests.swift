import Compute
import Model
import Postgres
import Testing

@testable import Sinks

/// Results that are made while they are published.
@Suite struct OpenPublicationTests {
  private static let schema = [
    ColumnSchema(name: "k", type: .text), ColumnSchema(name: "v", type: .bigint),
  ]

  private static func publication(_ target: TableTarget, run: String = "r1") -> TablePublication {
    let entry = LedgerEntry(
      identity: PublishWorld.identity(), revision: 1, sink: target.sink, run: RunID(run), target: "public.t",
      rejected: 0, checks: .array([]), resultHash: nil)
    return TablePublication(
      target: target, entry: entry, facts: nil, result: schema, descriptions: [:])
  }

  /// Opens a publish of `count` rows.
  private func open(
    _ world: PublishWorld, _ publication: TablePublication, count: Int = 3
  ) async throws -> (publication: OpenPublication, made: String)? {
    let token = try await world.publisher.raiseFence(
      identity: publication.entry.identity, run: publication.entry.run
    ).token
    return try await world.publisher.open(publication, token: token) { writer in
      let output = try ResultCopy(schema: Self.schema, to: writer)
      for number in 0..<count {
        let columns = Self.schema.map { Column($0.type) }
        columns[0].append(.text("\(number)"))
        columns[1].append(.integer(Int64(number)))
        try await output.append(Batch(schema: Self.schema, columns: columns))
      }
      #expect(output.rows == Int64(count))
      return try await output.finish()
    }
  }

  /// As many rows as two of the blocks that are sent, and a few.
  @Test(arguments: [0, 3, 40_000]) func nobodySeesItBeforeTheCommit(_ count: Int) async throws {
    try await PublishWorld.run { world in
      var publication = Self.publication(PublishWorld.target(.replace, create: true))
      let opened = try #require(try await open(world, publication, count: count))
      let other = try await Connection.open(world.settings)
      let before = try await other.query(
        "SELECT to_regclass('public.t') IS NULL, (SELECT count(*) FROM tidemark.publications)"
      ).onlyRow
      #expect(before[0] == "t" && before[1] == "0")
      await other.close()
      publication.entry.resultHash = opened.made
      publication.entry.rejected = 7
      publication.entry.checks = .array([.string("seen")])
      let outcome = try await opened.publication.commit(publication.entry)
      #expect(outcome == .published(rows: Int64(count), deleted: 0))
      #expect(
        try await world.texts("SELECT count(*), coalesce(sum(v), 0) FROM t") == [
          "\(count) \(count * (count - 1) / 2)"
        ])
      #expect(
        try await world.texts("SELECT rows, rejected, checks, result_hash FROM tidemark.publications")
          == ["\(count) 7 [\"seen\"] \(opened.made)"])
      #expect(
        try await world.texts("SELECT indexdef LIKE '%UNIQUE%' FROM pg_indexes WHERE tablename = 't'") == [
          "t"
        ])
      // The hash is that of the same result from a spool.
      let rows = (0..<count).map { [Value.text("\($0)"), .integer(Int64($0))] }
      if count < 10 {
        let kept = try await world.publication(publication.target, Self.schema, rows)
        #expect(kept.publication.entry.resultHash == opened.made)
      }
    }
  }

  @Test func abandonedItLeavesNothing() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v bigint); INSERT INTO t VALUES ('old', 1)")
      let opened = try #require(try await open(world, Self.publication(PublishWorld.target(.replace))))
      await opened.publication.abandon()
      #expect(try await world.texts("SELECT k, v FROM t") == ["old 1"])
      #expect(try await world.texts("SELECT count(*) FROM tidemark.publications") == ["0"])
    }
  }

  @Test func whatFailsWhileItIsMadeLeavesNothingOpen() async throws {
    try await PublishWorld.run { world in
      let publication = Self.publication(PublishWorld.target(.replace, create: true))
      let token = try await world.publisher.raiseFence(identity: publication.entry.identity, run: RunID("r1"))
        .token
      let fault = await #expect(throws: Fault.self) {
        try await world.publisher.open(publication, token: token) { writer in
          try await writer.write(CopyEncoder.header)
          throw Fault("stopped_here", .check, "A check does not pass")
        }
      }
      #expect(fault?.code == "stopped_here")
      #expect(try await world.texts("SELECT to_regclass('public.t') IS NULL") == ["t"])
      #expect(try await world.texts("SELECT count(*) FROM tidemark.publications") == ["0"])
    }
  }

  @Test func publishedBeforeItIsNotMadeAgain() async throws {
    try await PublishWorld.run { world in
      var publication = Self.publication(PublishWorld.target(.replace, create: true))
      let opened = try #require(try await open(world, publication))
      publication.entry.resultHash = opened.made
      _ = try await opened.publication.commit(publication.entry)
      publication.entry.resultHash = nil
      let again = try await open(world, publication)
      #expect(again == nil)
    }
  }

  @Test func aStaleOwnerCannotOpen() async throws {
    try await PublishWorld.run { world in
      let publication = Self.publication(PublishWorld.target(.replace, create: true))
      let stale = try await world.publisher.raiseFence(identity: publication.entry.identity, run: RunID("r1"))
        .token
      _ = try await world.publisher.raiseFence(identity: publication.entry.identity, run: RunID("r2"))
      let fault = await #expect(throws: Fault.self) {
        try await world.publisher.open(publication, token: stale) { _ in Issue.record("It was made") }
      }
      #expect(fault?.code == "fenced")
      #expect(try await world.texts("SELECT count(*) FROM tidemark.publications") == ["0"])
    }
  }
}
