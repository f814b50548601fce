import Model
import Postgres
import Testing

@testable import Sinks

/// Every mode against a real server.
@Suite struct TablePublisherTests {
  static let schema = [
    ColumnSchema(name: "k", type: .text), ColumnSchema(name: "v", type: .numeric),
  ]

  static func row(_ key: String?, _ value: String) throws -> [Value] {
    [key.map { .text($0) } ?? .null, .numeric(try Decimal(parsing: value))]
  }

  @Test func mergeWritesOnlyRowsThatDiffer() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (k text, v numeric); INSERT INTO t VALUES ('a', 1.0), ('b', 2), (NULL, 3), ('other', 9)"
      )
      let before = try await world.texts("SELECT k, xmin FROM t WHERE k IS DISTINCT FROM 'b' ORDER BY k")
      let rows = [
        try Self.row("a", "1.0"), try Self.row("b", "5"), try Self.row(nil, "3"), try Self.row("new", "7"),
      ]
      let outcome = try await world.publish(PublishWorld.target(.merge), Self.schema, rows)
      #expect(outcome == .published(rows: 4, deleted: 0))
      #expect(
        try await world.texts("SELECT * FROM t ORDER BY k") == ["a 1.0", "b 5", "new 7", "other 9", "- 3"])
      #expect(
        try await world.texts("SELECT k, xmin FROM t WHERE k IS NULL OR k IN ('a', 'other') ORDER BY k")
          == before)
      // The same number with another scale is another result.
      try await world.publish(
        PublishWorld.target(.merge), Self.schema, [try Self.row("a", "1.00")], revision: 2)
      #expect(try await world.texts("SELECT v FROM t WHERE k = 'a'") == ["1.00"])
    }
  }

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

  /// Which of two rows stays would depend on chance; NULLs are one key too.
  @Test(arguments: ["a", nil], [true, false])
  func mergeRefusesTwoRowsOfOneKey(key: String?, isThere: Bool) async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      if isThere { try await world.connection.execute("INSERT INTO t VALUES ('a', 1), (NULL, 1)") }
      let before = try await world.texts("SELECT * FROM t")
      let rows = [try Self.row(key, "2"), try Self.row("b", "5"), try Self.row(key, "3")]
      let fault = await #expect(throws: Fault.self) {
        try await world.publish(PublishWorld.target(.merge, isKeyUnique: false), Self.schema, rows)
      }
      #expect(fault?.code == "shared_key" && fault?.place == PublishWorld.place)
      #expect(try await world.texts("SELECT * FROM t") == before)
      try await world.publish(
        PublishWorld.target(.merge, isKeyUnique: false), Self.schema, [rows[0], rows[1]], run: "r2")
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
        PublishWorld.target(.merge), Self.schema,
        [try Self.row("a", "3"), try Self.row(nil, "4"), try Self.row("b", "5")])
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
        PublishWorld.target(.merge), Self.schema, [try Self.row("a", "3"), try Self.row("b", "2")])
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
        PublishWorld.target(.merge), Self.schema, [try Self.row("a", "7"), try Self.row("b", "8")])
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

  @Test func appendReplacesTheRowsOfAnEarlierRevision() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric, _run_id text)")
      let target = PublishWorld.target(.append)
      try await world.publish(target, Self.schema, [try Self.row("a", "1")])
      try await world.publish(target, Self.schema, [try Self.row("b", "2")], day: 2, run: "r2")
      let again = try await world.publish(
        target, Self.schema, [try Self.row("c", "3")], revision: 2, run: "r3")
      #expect(again == .published(rows: 1, deleted: 1))
      #expect(try await world.texts("SELECT * FROM t ORDER BY k") == ["b 2 r2", "c 3 r3"])
    }
  }

  /// Another store may have been put before the table since.
  @Test func appendFindsItsEarlierRowsWhereverTheStoreStands() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric, _run_id text)")
      var target = PublishWorld.target(.append)
      try await world.publish(target, Self.schema, [try Self.row("a", "1")])
      target.sink = "2:table"
      let again = try await world.publish(
        target, Self.schema, [try Self.row("b", "2")], revision: 2, run: "r2")
      #expect(again == .published(rows: 1, deleted: 1))
      #expect(try await world.texts("SELECT * FROM t") == ["b 2 r2"])
    }
  }

  @Test func whatTheRoleMayNotDoIsTold() async throws {
    try await PublishWorld.run { world in
      let role = Identifier("refused_" + (try await world.texts("SELECT current_database()")[0]))
      try await world.connection.execute(
        "CREATE TABLE t (k text, v numeric, _run_id text); CREATE ROLE \(role)")
      let keyed = PublishWorld.target(.merge)
      let append = PublishWorld.target(.append)
      let shared = PublishWorld.target(.replace, maxDelete: .percent(50))
      let counted = PublishWorld.target(.replace, maxDelete: .rows(5))
      let key = [Self.schema[0]]
      let cases: [(TableTarget, [ColumnSchema], replaces: Bool, held: SQLText, missing: [String])] = [
        (keyed, Self.schema, false, "INSERT", ["SELECT", "UPDATE"]),
        (keyed, Self.schema, false, "INSERT (k), SELECT (k), UPDATE (k)", ["INSERT", "SELECT", "UPDATE"]),
        (keyed, Self.schema, false, "INSERT (k, v), SELECT (k, v), UPDATE (v)", []),
        (append, Self.schema, false, "INSERT (k, v)", ["INSERT"]),
        (keyed, key, false, "INSERT, SELECT", []), (keyed, key, false, "INSERT", ["SELECT"]),
        (append, Self.schema, false, "INSERT", []),
        (append, Self.schema, true, "INSERT", ["DELETE", "SELECT"]),
        (append, Self.schema, true, "INSERT, DELETE, SELECT", []),
        (counted, Self.schema, false, "INSERT, DELETE", []),
        (shared, Self.schema, false, "INSERT, DELETE", ["SELECT"]),
      ]
      let facts = try await world.connection.tableFacts(append.table)
      for (target, result, replaces, held, missing) in cases {
        try await world.connection.execute(
          "REVOKE ALL ON t FROM \(role); GRANT \(held) ON t TO \(role); SET ROLE \(role)")
        let refusals = try await world.publisher.refusals(
          of: target, facts: facts, result: result, replacesRuns: replaces)
        try await world.connection.execute("RESET ROLE")
        #expect(
          refusals.map(\.hint) == missing.map { "GRANT \($0) ON public.t TO the role" }, "\(target) \(held)")
      }
      try await world.connection.execute("DROP OWNED BY \(role); DROP ROLE \(role)")
    }
  }

  /// What is asked for before a row is read is all that the publish then needs.
  @Test func privilegesForColumnsAreEnough() async throws {
    try await PublishWorld.run { world in
      let role = Identifier("columns_" + (try await world.texts("SELECT current_database()")[0]))
      try await world.connection.execute(
        """
        CREATE TABLE t (k text, v numeric, more text); INSERT INTO t VALUES ('a', 1); CREATE ROLE \(role);
        GRANT INSERT (k, v), SELECT (k, v), UPDATE (v) ON t TO \(role)
        """)
      for grant in PublishWorld.ledger.grants(to: role) { try await world.connection.execute(grant) }
      try await world.connection.execute("SET ROLE \(role)")
      try await world.publish(
        PublishWorld.target(.merge), Self.schema, [try Self.row("a", "2"), try Self.row(nil, "3")])
      try await world.connection.execute("RESET ROLE")
      #expect(try await world.texts("SELECT k, v FROM t ORDER BY k") == ["a 2", "- 3"])
      try await world.connection.execute("DROP OWNED BY \(role); DROP ROLE \(role)")
    }
  }

  /// The privilege to make schemas is needed only where there is none.
  @Test func aTableIsMadeInASchemaThatIsThere() async throws {
    try await PublishWorld.run { world in
      let role = Identifier("maker_" + (try await world.texts("SELECT current_database()")[0]))
      try await world.connection.execute("CREATE ROLE \(role); GRANT CREATE ON SCHEMA public TO \(role)")
      for grant in PublishWorld.ledger.grants(to: role) { try await world.connection.execute(grant) }
      try await world.connection.execute("SET ROLE \(role)")
      var target = PublishWorld.target(.append, create: true)
      #expect(try await world.publisher.refusals(of: target, facts: nil, result: Self.schema) == [])
      let outcome = try await world.publish(target, Self.schema, [try Self.row("a", "1")])
      #expect(outcome == .published(rows: 1, deleted: 0))
      target.table = QualifiedName("missing", "t")
      let refusals = try await world.publisher.refusals(of: target, facts: nil, result: Self.schema)
      #expect(refusals.map(\.hint) == ["GRANT CREATE ON DATABASE TO the role"])
      try await world.connection.execute("RESET ROLE; DROP OWNED BY \(role); DROP ROLE \(role)")
    }
  }

  @Test func replaceStaysWithinItsScope() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute(
        "CREATE TABLE t (k text, v numeric); INSERT INTO t VALUES ('a', 1), ('it''s', 2)")
      let target = PublishWorld.target(.replace, scope: [.init(column: "k", value: .text("it's"))])
      let outcome = try await world.publish(target, Self.schema, [try Self.row("it's", "7")])
      #expect(outcome == .published(rows: 1, deleted: 1))
      #expect(try await world.texts("SELECT * FROM t ORDER BY k") == ["a 1", "it's 7"])
    }
  }

  @Test func replaceRefusesAnOlderInterval() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (k text, v numeric)")
      try await world.publish(PublishWorld.target(.replace), Self.schema, [try Self.row("new", "1")], day: 2)
      let fault = await #expect(throws: Fault.self) {
        try await world.publish(
          PublishWorld.target(.replace), Self.schema, [try Self.row("old", "1")], day: 1)
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
        try await world.publish(target, Self.schema, [try Self.row("c", "1")])
      }
      #expect(fault?.code == "too_many_deletes")
      #expect(try await world.texts("SELECT k FROM t ORDER BY k") == ["a", "b"])
      #expect(try await world.texts("SELECT count(*) FROM tidemark.publications") == ["0"])
    }
  }

  @Test func createdTablesTakeNULLsOfTheKeyAsEqual() async throws {
    try await PublishWorld.run { world in
      let target = PublishWorld.target(.replace, create: true)
      try await world.publish(target, Self.schema, [try Self.row(nil, "1")])
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
          target, Self.schema, [try Self.row("a", "1")], revision: revision, run: "r\(revision)")
        let unique = try await world.texts(
          """
          SELECT indisunique FROM pg_index WHERE indrelid = \(SQLText.string(target.table.quoted))::regclass
          """)
        #expect(unique == ["t"])
        if revision == 1 { try await world.connection.execute("ALTER TABLE \(target.table) RENAME TO kept") }
      }
    }
  }

  // MARK: Two at once

  private static let dated = [ColumnSchema(name: "d", type: .date), ColumnSchema(name: "v", type: .bigint)]

  /// Publishes two overlapping results at once: the second begins while the first is between its
  /// ledger row and its delete.
  private func publishTwoAtOnce(
    _ world: PublishWorld, _ target: TableTarget, _ first: [[Value]], _ second: [[Value]]
  ) async throws {
    var slow = target
    slow.beforePublish = [.init(sql: "SELECT pg_advisory_xact_lock(1)", place: PublishWorld.place)]
    let gate = try await Connection.open(world.settings)
    try await gate.query("SELECT pg_advisory_lock(1)")
    let one = try await world.publication(slow, Self.dated, first, day: 1, run: "r1")
    let other = try await world.publication(target, Self.dated, second, day: 2, run: "r2")
    let (session, settings) = (SessionSettings(), world.settings)
    func start(_ made: sending PublishWorld.Kept, day: Int, run: String) -> Task<Void, any Error> {
      Task {
        let connection = try await Connection.open(settings)
        let publisher = TablePublisher(connection: connection, ledger: PublishWorld.ledger, session: session)
        let token = try await publisher.raiseFence(identity: PublishWorld.identity(day: day), run: RunID(run))
          .token
        _ = try await publisher.publish([made.publication], of: made.spool, token: token)
        await connection.close()
      }
    }
    let slowly = start(one, day: 1, run: "r1")
    try await waiting(1, world)
    let quickly = start(other, day: 2, run: "r2")
    try await waiting(2, world)
    try await gate.query("SELECT pg_advisory_unlock(1)")
    try await slowly.value
    try await quickly.value
    await gate.close()
  }

  /// Until so many sessions of the test's database wait for locks.
  private func waiting(_ count: Int, _ world: PublishWorld) async throws {
    var found = 0
    while found < count {
      found = try await world.connection.query(
        """
        SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory' \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
      ).onlyRow.integer("count")
    }
  }

  @Test func overlappingWindowsAreReplacedOneAfterTheOther() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (d date, v bigint)")
      let day: Int32 = 9497  // 2026-01-01
      let window = TableTarget.Window(column: "d", lower: .date(day), upper: .date(day + 3))
      let target = PublishWorld.target(.replaceWindow, key: ["d"], window: window)
      try await publishTwoAtOnce(
        world, target, [[.date(day), .integer(1)], [.date(day + 1), .integer(1)]],
        [[.date(day + 1), .integer(2)], [.date(day + 2), .integer(2)]])
      #expect(try await world.texts("SELECT * FROM t ORDER BY d, v") == ["2026-01-02 2", "2026-01-03 2"])
    }
  }

  @Test func ofTwoThatCreateATableOneFindsIt() async throws {
    try await PublishWorld.run { world in
      var target = PublishWorld.target(.replace, key: ["d"], create: true)
      target.table = QualifiedName("new place", "t")
      try await publishTwoAtOnce(world, target, [[.date(0), .integer(1)]], [[.date(1), .integer(2)]])
      #expect(try await world.texts("SELECT * FROM \"new place\".t") == ["2000-01-02 2"])
    }
  }

  @Test func mergesOfTheSameKeyDoNotDoubleIt() async throws {
    try await PublishWorld.run { world in
      try await world.connection.execute("CREATE TABLE t (d date, v bigint)")
      try await publishTwoAtOnce(
        world, PublishWorld.target(.merge, key: ["d"]), [[.date(0), .integer(1)]], [[.date(0), .integer(2)]])
      #expect(try await world.texts("SELECT * FROM t") == ["2000-01-01 2"])
    }
  }
}
