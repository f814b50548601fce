import Model
import Postgres
import Testing

@testable import Sinks

/// Mode `merge` against a real server: which rows it finds, and which it writes.
@Suite struct MergePublishTests {
  @Test func mergeWritesOnlyRowsThatDiffer() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (k text, v numeric); INSERT INTO t VALUES ('a', 1.0), ('b', 2), (NULL, 3), ('other', 9)"
      )
      let before = try await world.texts("SELECT k, xmin FROM t WHERE k IS DISTINCT FROM 'b' ORDER BY k")
      let rows = [
        try PublishWorld.row("a", "1.0"), try PublishWorld.row("b", "5"), try PublishWorld.row(nil, "3"),
        try PublishWorld.row("new", "7"),
      ]
      let outcome = try await world.publish(PublishWorld.target(.merge), PublishWorld.schema, rows)
      #expect(outcome == .published(rows: 4, deleted: 0))
      #expect(
        try await world.texts("SELECT * FROM t ORDER BY k") == ["a 1.0", "b 5", "new 7", "other 9", "- 3"])
      #expect(
        try await world.texts("SELECT k, xmin FROM t WHERE k IS NULL OR k IN ('a', 'other') ORDER BY k")
          == before)
      // The same number with another scale is another result.
      try await world.publish(
        PublishWorld.target(.merge), PublishWorld.schema, [try PublishWorld.row("a", "1.00")], revision: 2)
      #expect(try await world.texts("SELECT v FROM t WHERE k = 'a'") == ["1.00"])
    }
  }

  /// Which of two rows stays would depend on chance; NULLs are one key too.
  @Test(arguments: ["a", nil], [true, false])
  func mergeRefusesTwoRowsOfOneKey(key: String?, isThere: Bool) async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      if isThere { try await world.connection.execute("INSERT INTO t VALUES ('a', 1), (NULL, 1)") }
      let before = try await world.texts("SELECT * FROM t")
      let rows = [
        try PublishWorld.row(key, "2"), try PublishWorld.row("b", "5"), try PublishWorld.row(key, "3"),
      ]
      let fault = await #expect(throws: Fault.self) {
        try await world.publish(PublishWorld.target(.merge, isKeyUnique: false), PublishWorld.schema, rows)
      }
      #expect(fault?.code == "shared_key" && fault?.place == PublishWorld.place)
      #expect(try await world.texts("SELECT * FROM t") == before)
      try await world.publish(
        PublishWorld.target(.merge, isKeyUnique: false), PublishWorld.schema, [rows[0], rows[1]], run: "r2")
      #expect(try await world.texts("SELECT v FROM t WHERE k = 'b'") == ["5"])
    }
  }

  @Test(arguments: ["text COLLATE \"C\"", "code"]) func mergeMatchesKeysOfATypeOfTheirOwn(_ type: String)
    async throws
  {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        """
        CREATE DOMAIN code AS text;
        CREATE TABLE t (k \(SQLText(trusted: type)), v numeric); INSERT INTO t VALUES ('a', 1), (NULL, 2)
        """)
      try await world.publish(
        PublishWorld.target(.merge), PublishWorld.schema,
        [try PublishWorld.row("a", "3"), try PublishWorld.row(nil, "4"), try PublishWorld.row("b", "5")])
      #expect(try await world.texts("SELECT * FROM t ORDER BY k") == ["a 3", "b 5", "- 4"])
    }
  }

  @Test func mergeMatchesListsOfTextsOfAnotherCollation() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (k text[] COLLATE \"C\", v numeric); INSERT INTO t VALUES ('{a}', 1), (NULL, 2)")
      let schema = [
        ColumnSchema(name: "k", type: .opaque(oid: 1009, name: "text[]")),
        ColumnSchema(name: "v", type: .numeric),
      ]
      // One dimension from 1, no NULL, of type text: one element of one byte.
      let list: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x61]
      try await world.publish(
        PublishWorld.target(.merge), schema,
        [[.bytes(list), .numeric(Decimal(3 as Int64))], [.null, .numeric(Decimal(4 as Int64))]])
      #expect(try await world.texts("SELECT * FROM t ORDER BY k") == ["{a} 3", "- 4"])
    }
  }

  /// A domain is another type than its base, with which the result comes.
  @Test(arguments: ["NOT NULL", ""]) func mergeComparesValuesOfADomain(_ key: String) async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        """
        CREATE DOMAIN money_d AS numeric(12, 2);
        CREATE TABLE t (k text \(SQLText(trusted: key)), v money_d); INSERT INTO t VALUES ('a', 1), ('b', 2)
        """)
      let before = try await world.texts("SELECT xmin FROM t WHERE k = 'b'")
      try await world.publish(
        PublishWorld.target(.merge), PublishWorld.schema,
        [try PublishWorld.row("a", "3"), try PublishWorld.row("b", "2")])
      #expect(try await world.texts("SELECT * FROM t ORDER BY k") == ["a 3.00", "b 2.00"])
      #expect(try await world.texts("SELECT xmin FROM t WHERE k = 'b'") == before)
    }
  }

  /// Somebody else's update of a row is waited for, and neither one's values are lost.
  @Test(.timeLimit(.minutes(1)), arguments: ["NOT NULL", ""], ["", " PARTITION BY LIST (k)"])
  func mergeWritesRowsThatOthersAreUpdating(key: String, partitioning: String) async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (k text \(SQLText(trusted: key)), v numeric, note text)\(SQLText(trusted: partitioning))"
      )
      if !partitioning.isEmpty {
        try await world.connection.execute("CREATE TABLE t_all PARTITION OF t DEFAULT")
      }
      try await world.connection.execute("INSERT INTO t VALUES ('a', 0)")
      let made = try await world.publication(
        PublishWorld.target(.merge), PublishWorld.schema,
        [try PublishWorld.row("a", "7"), try PublishWorld.row("b", "8")])
      let token = try await world.publisher.raiseFence(identity: PublishWorld.identity(), run: RunID("r1"))
        .token
      let other = try await Connection.open(world.settings)
      try await other.execute("BEGIN; UPDATE t SET note = 'seen'")
      let publisher = world.publisher
      let publishing = start(made, publisher, token)
      var waiting = 0
      while waiting == 0 {
        waiting = try await other.query(
          "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).onlyRow.integer("count")
      }
      try await other.execute("COMMIT")
      await other.close()
      try await publishing.value
      #expect(try await world.texts("SELECT k, v, note FROM t ORDER BY k") == ["a 7 seen", "b 8 -"])
    }
  }

  private func start(
    _ made: sending PublishWorld.Kept, _ publisher: TablePublisher, _ token: FencingToken
  ) -> Task<Void, any Error> {
    Task { _ = try await publisher.publish([made.publication], of: made.spool, token: token) }
  }

  @Test func mergeComparesJSON() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (k text NOT NULL, v json); INSERT INTO t VALUES ('a', '{}'), ('b', '[1]')")
      let schema = [
        ColumnSchema(name: "k", type: .text, isNullable: false), ColumnSchema(name: "v", type: .json),
      ]
      let before = try await world.texts("SELECT xmin FROM t WHERE k = 'a'")
      try await world.publish(
        PublishWorld.target(.merge), schema, [[.text("a"), .text("{}")], [.text("b"), .text("[2]")]])
      #expect(try await world.texts("SELECT * FROM t ORDER BY k") == ["a {}", "b [2]"])
      #expect(try await world.texts("SELECT xmin FROM t WHERE k = 'a'") == before)
    }
  }
}
