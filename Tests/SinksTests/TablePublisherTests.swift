import Model
import Postgres
import Testing

@testable import Sinks

/// The other modes against a real server.
@Suite struct TablePublisherTests {
  /// What others, or `before_publish`, do to a table after the run has looked at it.
  @Test func anAlteredTargetIsLookedAtAgain() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v bigint)")
      let schema = [ColumnSchema(name: "k", type: .text), ColumnSchema(name: "v", type: .bigint)]
      var kept = try await world.publication(
        PublishWorld.target(.replace), schema, [[.text("a"), .integer(50)]])
      let token = try await world.publisher.raiseFence(identity: PublishWorld.identity(), run: RunID("r1"))
        .token
      // As wide as a bigint.
      try await world.connection.execute("ALTER TABLE t ALTER v TYPE double precision")
      let faults = await #expect(throws: Faults.self) {
        try await world.publisher.publish([kept.publication], of: kept.spool, token: token)
      }
      #expect(faults?.all.map(\.code) == ["target_misfit"])
      #expect(try await world.texts("SELECT count(*) FROM t") == ["0"])
      kept.publication.target.beforePublish = [
        TableTarget.Statement(
          sql: "ALTER TABLE public.t ALTER v TYPE numeric(6, 2)", place: PublishWorld.place)
      ]
      _ = try await world.publisher.publish([kept.publication], of: kept.spool, token: token)
      #expect(try await world.texts("SELECT * FROM t") == ["a 50.00"])
    }
  }

  /// What the publish makes itself is not yet as it was looked at where `before_publish` alters it.
  @Test func aCreatedTargetThatTheJobAlters() async throws {
    try await PublishWorld.run { world in
      let schema = [ColumnSchema(name: "k", type: .text), ColumnSchema(name: "v", type: .bigint)]
      var target = PublishWorld.target(.replace, create: true)
      // As wide as a bigint.
      target.beforePublish = [
        TableTarget.Statement(sql: "ALTER TABLE public.t ALTER v TYPE numeric", place: PublishWorld.place)
      ]
      try await world.publish(target, schema, [[.text("a"), .integer(2000)]])
      #expect(try await world.texts("SELECT * FROM t") == ["a 2000"])
    }
  }

  @Test func appendReplacesTheRowsOfAnEarlierRevision() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric, _run_id text)")
      let target = PublishWorld.target(.append)
      try await world.publish(target, PublishWorld.schema, [try PublishWorld.row("a", "1")])
      try await world.publish(
        target, PublishWorld.schema, [try PublishWorld.row("b", "2")], day: 2, run: "r2")
      let again = try await world.publish(
        target, PublishWorld.schema, [try PublishWorld.row("c", "3")], revision: 2, run: "r3")
      #expect(again == .published(rows: 1, deleted: 1))
      #expect(try await world.texts("SELECT * FROM t ORDER BY k") == ["b 2 r2", "c 3 r3"])
    }
  }

  /// Another store may have been put before the table since.
  @Test func appendFindsItsEarlierRowsWhereverTheStoreStands() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric, _run_id text)")
      var target = PublishWorld.target(.append)
      try await world.publish(target, PublishWorld.schema, [try PublishWorld.row("a", "1")])
      target.sink = "2:table"
      let again = try await world.publish(
        target, PublishWorld.schema, [try PublishWorld.row("b", "2")], revision: 2, run: "r2")
      #expect(again == .published(rows: 1, deleted: 1))
      #expect(try await world.texts("SELECT * FROM t") == ["b 2 r2"])
    }
  }

  @Test func replaceStaysWithinItsScope() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (k text, v numeric); INSERT INTO t VALUES ('a', 1), ('it''s', 2)")
      let target = PublishWorld.target(.replace, scope: [.init(column: "k", value: .text("it's"))])
      let outcome = try await world.publish(target, PublishWorld.schema, [try PublishWorld.row("it's", "7")])
      #expect(outcome == .published(rows: 1, deleted: 1))
      #expect(try await world.texts("SELECT * FROM t ORDER BY k") == ["a 1", "it's 7"])
    }
  }

  @Test func replaceRefusesAnOlderInterval() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      try await world.publish(
        PublishWorld.target(.replace), PublishWorld.schema, [try PublishWorld.row("new", "1")], day: 2)
      let fault = await #expect(throws: Fault.self) {
        try await world.publish(
          PublishWorld.target(.replace), PublishWorld.schema, [try PublishWorld.row("old", "1")], day: 1)
      }
      #expect(fault?.code == "older_interval")
      #expect(try await world.texts("SELECT k FROM t") == ["new"])
    }
  }

  @Test func replaceWindowTouchesTheWindowOnly() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (d date, v bigint); INSERT INTO t SELECT '2026-01-01'::date + n, n FROM generate_series(0, 3) AS n; INSERT INTO t VALUES (NULL, 99)"
      )
      let day: Int32 = 9497  // 2026-01-01
      let window = TableTarget.Window(column: "d", lower: .date(day + 1), upper: .date(day + 3))
      let schema = [ColumnSchema(name: "d", type: .date), ColumnSchema(name: "v", type: .bigint)]
      let outcome = try await world.publish(
        PublishWorld.target(.replaceWindow, key: ["d"], window: window), schema,
        [[.date(day + 2), .integer(70)]])
      #expect(outcome == .published(rows: 1, deleted: 2))
      #expect(
        try await world.texts("SELECT * FROM t ORDER BY d") == [
          "2026-01-01 0", "2026-01-03 70", "2026-01-04 3", "- 99",
        ])
    }
  }

  @Test func tooManyDeletesChangeNothing() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (k text, v numeric); INSERT INTO t VALUES ('a', 1), ('b', 2)")
      let target = PublishWorld.target(.replace, maxDelete: .percent(50))
      let fault = await #expect(throws: Fault.self) {
        try await world.publish(target, PublishWorld.schema, [try PublishWorld.row("c", "1")])
      }
      #expect(fault?.code == "too_many_deletes")
      #expect(try await world.texts("SELECT k FROM t ORDER BY k") == ["a", "b"])
      #expect(try await world.texts("SELECT count(*) FROM tidemark.publications") == ["0"])
    }
  }

  /// Made again, an interval deletes all that it has: only what does not come back counts.
  @Test(arguments: [["k"], []]) func rowsThatArePutBackAreNotDeleted(_ key: [String]) async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (k text, v numeric); INSERT INTO t VALUES ('a', 1), ('b', 2), (NULL, 3)")
      let target = PublishWorld.target(.replace, key: key, maxDelete: .rows(1))
      let rows = [try PublishWorld.row("b", "1"), try PublishWorld.row(nil, "2")]
      #expect(
        try await world.publish(target, PublishWorld.schema, rows, revision: 1, run: "r1")
          == .published(rows: 2, deleted: 3))
      let others = try ["x", "y"].map { try PublishWorld.row($0, "1") }
      if key.isEmpty {
        #expect(
          try await world.publish(target, PublishWorld.schema, others, revision: 2, run: "r2")
            == .published(rows: 2, deleted: 2))
      } else {
        let fault = await #expect(throws: Fault.self) {
          try await world.publish(target, PublishWorld.schema, others, revision: 2, run: "r2")
        }
        #expect(fault?.code == "too_many_deletes" && fault?.sentence.contains("delete 2 rows") == true)
        #expect(try await world.texts("SELECT k FROM t ORDER BY k") == ["b", "-"])
      }
    }
  }

  @Test func createdTablesTakeNULLsOfTheKeyAsEqual() async throws {
    try await PublishWorld.run { world in
      let target = PublishWorld.target(.replace, create: true)
      try await world.publish(target, PublishWorld.schema, [try PublishWorld.row(nil, "1")])
      #expect(
        try await world.texts("SELECT indexdef FROM pg_indexes WHERE tablename = 't'")
          == ["CREATE UNIQUE INDEX t_k_idx ON public.t USING btree (k) NULLS NOT DISTINCT"])
      await #expect(throws: Fault.self) {
        try await world.connection.execute("INSERT INTO t VALUES (NULL, 2)")
      }
    }
  }

  /// The index of a table that was kept under another name has the name that the new one's would get.
  @Test(arguments: ["t", String(repeating: "n", count: 60)]) func aNewTableGetsItsKeyBesideARenamedOne(
    _ name: String
  ) async throws {
    try await PublishWorld.run { world in
      var target = PublishWorld.target(.replace, create: true)
      target.table = QualifiedName("public", name)
      for revision in 1...2 {
        try await world.publish(
          target, PublishWorld.schema, [try PublishWorld.row("a", "1")], revision: revision,
          run: "r\(revision)")
        let unique = try await world.texts(
          """
          SELECT indisunique FROM pg_index WHERE indrelid = \(SQLText.string(target.table.quoted))::regclass
          """)
        #expect(unique == ["t"])
        if revision == 1 { try await world.connection.execute("ALTER TABLE \(target.table) RENAME TO kept") }
      }
    }
  }
}
