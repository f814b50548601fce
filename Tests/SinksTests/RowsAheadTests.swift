import Compute
import Model
import Postgres
import Runtime
import Testing

@testable import Sinks

/// Rows that are stored before their publish begins.
@Suite struct RowsAheadTests {
  private static let schema = [ColumnSchema(name: "k", type: .text), ColumnSchema(name: "v", type: .bigint)]

  private static func publication(_ target: TableTarget, run: String = "r1") -> TablePublication {
    let entry = LedgerEntry(
      identity: PublishWorld.identity(), revision: 1, sink: target.sink, run: RunID(run), target: "public.t",
      rejected: 0, checks: .array([]), resultHash: nil)
    return TablePublication(
      target: target, entry: entry, facts: nil, result: schema, descriptions: ["v": "a number"])
  }

  private func token(_ world: PublishWorld, run: String = "r1") async throws -> FencingToken {
    try await world.publisher.raiseFence(identity: PublishWorld.identity(), run: RunID(run)).token
  }

  private func store(
    _ world: PublishWorld, _ publication: TablePublication, _ token: FencingToken
  ) async throws -> (ahead: RowsAhead, made: String)? {
    try await world.publisher.storeAhead(publication, token: token) { writer in
      let output = try ResultCopy(schema: Self.schema, to: writer)
      for number in 0..<3 {
        let columns = Self.schema.map { Column($0.type) }
        columns[0].append(.text("\(number)"))
        columns[1].append(.integer(Int64(number)))
        try await output.append(Batch(schema: Self.schema, columns: columns))
      }
      return try await output.finish()
    }
  }

  /// Tables that are there, of whatever name, and lines of the ledger.
  private func seen(_ world: PublishWorld) async throws -> [String] {
    let other = try await Connection.open(world.settings)
    let rows = try await other.query(
      """
      SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), ''),
        (SELECT count(*) FROM tidemark.publications)
      FROM pg_class WHERE relnamespace = 'public'::regnamespace
      """
    ).onlyRow
    await other.close()
    return [rows[0] ?? "", rows[1] ?? ""]
  }

  @Test(arguments: [TableSinkRule.Mode.replace, .merge, .append]) func theyBecomeTheTable(
    _ mode: TableSinkRule.Mode
  ) async throws {
    try await PublishWorld.run { world in
      var publication = Self.publication(PublishWorld.target(mode, create: true))
      let token = try await token(world)
      let stored = try #require(try await store(world, publication, token))
      #expect(stored.ahead.rows == 3)
      #expect(try await seen(world) == ["", "0"])
      let opened = try #require(try await stored.ahead.open(publication, token: token))
      #expect(try await seen(world) == ["", "0"])
      publication.entry.resultHash = stored.made
      #expect(try await opened.commit(publication.entry) == .published(rows: 3, deleted: 0))
      #expect(try await seen(world) == [mode == .append ? "t" : "t t_k_idx", "1"])
      #expect(try await world.texts("SELECT k, v FROM t ORDER BY k") == ["0 0", "1 1", "2 2"])
      #expect(
        try await world.texts("SELECT rows, result_hash FROM tidemark.publications") == ["3 \(stored.made)"])
      #expect(try await world.texts("SELECT col_description('t'::regclass, 2)") == ["a number"])
    }
  }

  /// Whoever makes a table of that name meanwhile neither waits nor loses it.
  @Test func aTableThatCameMeanwhileStays() async throws {
    try await PublishWorld.run { world in
      let publication = Self.publication(PublishWorld.target(.replace, create: true))
      let token = try await token(world)
      let stored = try #require(try await store(world, publication, token))
      let other = try await Connection.open(world.settings)
      try await other.execute(
        "SET lock_timeout = 5000; CREATE TABLE t (k text); INSERT INTO t VALUES ('theirs')")
      await other.close()
      let opened = try await stored.ahead.open(publication, token: token)
      #expect(opened == nil)
      #expect(try await seen(world) == ["t", "0"])
      #expect(try await world.texts("SELECT k FROM t") == ["theirs"])
    }
  }

  @Test func whoeverTookTheRunOverEndsThem() async throws {
    try await PublishWorld.run { world in
      let publication = Self.publication(PublishWorld.target(.replace, create: true))
      let stale = try await token(world)
      let stored = try #require(try await store(world, publication, stale))
      let other = try await Connection.open(world.settings)
      let heir = TablePublisher(connection: other, ledger: PublishWorld.ledger, session: SessionSettings())
      // Another run's rows are left alone, and do not keep it waiting.
      _ = try await heir.raiseFence(identity: PublishWorld.identity(), run: RunID("r2"))
      await other.close()
      let fault = await #expect(throws: Fault.self) {
        try await stored.ahead.open(publication, token: stale)
      }
      #expect(fault?.code == "fenced")
      #expect(try await seen(world) == ["", "0"])
    }
  }

  /// A session that the server takes for alive, while its client has gone on to another one.
  @Test(.timeLimit(.minutes(1))) func aLostTryIsEnded() async throws {
    try await PublishWorld.run { world in
      let publication = Self.publication(PublishWorld.target(.replace, create: true))
      let token = try await token(world)
      let lost = try await Connection.open(world.settings)
      try await lost.execute("SET application_name = 'tidemark a r1'")
      let first = TablePublisher(connection: lost, ledger: PublishWorld.ledger, session: SessionSettings())
      let left = try await first.storeAhead(publication, token: token) { writer in
        try await ResultCopy(schema: Self.schema, to: writer).finish()
      }
      #expect(left != nil)
      let again = try #require(try await store(world, publication, token))
      #expect(again.ahead.rows == 3)
      await again.ahead.abandon()
      await lost.close()
    }
  }

  /// The twin that comes later finds the result there.
  @Test func twinsPublishOnce() async throws {
    try await PublishWorld.run { world in
      var publication = Self.publication(PublishWorld.target(.replace, create: true))
      let first = try await token(world)
      let stored = try #require(try await store(world, publication, first))
      let other = try await Connection.open(world.settings)
      let twin = TablePublisher(connection: other, ledger: PublishWorld.ledger, session: SessionSettings())
      var twins = Self.publication(publication.target, run: "r2")
      let second = try await twin.raiseFence(identity: PublishWorld.identity(), run: RunID("r2")).token
      let theirs = try await twin.storeAhead(twins, token: second) { writer in
        let output = try ResultCopy(schema: Self.schema, to: writer)
        return try await output.finish()
      }
      let ahead = try #require(theirs)
      let opened = try #require(try await ahead.ahead.open(twins, token: second))
      twins.entry.resultHash = ahead.made
      #expect(try await opened.commit(twins.entry) == .published(rows: 0, deleted: 0))
      await other.close()
      publication.entry.resultHash = stored.made
      let late = try await stored.ahead.open(publication, token: first)
      #expect(late == nil)
      #expect(try await world.texts("SELECT run_id FROM tidemark.publications") == ["r2"])
      // Nor is anything stored that is published already.
      let again = try await store(world, publication, first)
      #expect(again == nil)
      #expect(try await seen(world) == ["t t_k_idx", "1"])
    }
  }

  @Test func whatFailsOrIsAbandonedLeavesNothing() async throws {
    try await PublishWorld.run { world in
      let publication = Self.publication(PublishWorld.target(.replace, create: true))
      let token = try await token(world)
      let fault = await #expect(throws: Fault.self) {
        try await world.publisher.storeAhead(publication, token: token) { writer in
          try await writer.write(CopyEncoder.header)
          throw Fault("stopped_here", .check, "A check does not pass")
        }
      }
      #expect(fault?.code == "stopped_here")
      #expect(try await seen(world) == ["", "0"])
      let stored = try #require(try await store(world, publication, token))
      await stored.ahead.abandon()
      #expect(try await seen(world) == ["", "0"])
      // The connection is free for what comes.
      let again = try #require(try await store(world, publication, token))
      await again.ahead.abandon()
    }
  }
}
