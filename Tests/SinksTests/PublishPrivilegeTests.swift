import Model
import Postgres
import Testing

@testable import Sinks

/// What a role needs to publish, and is told that it lacks.
@Suite struct PublishPrivilegeTests {
  @Test func whatTheRoleMayNotDoIsTold() async throws {
    try await PublishWorld.run { world in
      let role = Identifier("refused_" + (try await world.texts("SELECT current_database()")[0]))
      try await world.connection.execute(
        "CREATE TABLE t (k text, v numeric, _run_id text); CREATE ROLE \(role)")
      let keyed = PublishWorld.target(.merge)
      let append = PublishWorld.target(.append)
      let shared = PublishWorld.target(.replace, maxDelete: .percent(50))
      let counted = PublishWorld.target(.replace, maxDelete: .rows(5))
      let key = [PublishWorld.schema[0]]
      let cases: [(TableTarget, [ColumnSchema], replaces: Bool, held: SQLText, missing: [String])] = [
        (keyed, PublishWorld.schema, false, "INSERT", ["SELECT", "UPDATE"]),
        (
          keyed, PublishWorld.schema, false, "INSERT (k), SELECT (k), UPDATE (k)",
          ["INSERT", "SELECT", "UPDATE"]
        ),
        (keyed, PublishWorld.schema, false, "INSERT (k, v), SELECT (k, v), UPDATE (v)", []),
        (append, PublishWorld.schema, false, "INSERT (k, v)", ["INSERT"]),
        (keyed, key, false, "INSERT, SELECT", []), (keyed, key, false, "INSERT", ["SELECT"]),
        (append, PublishWorld.schema, false, "INSERT", []),
        (append, PublishWorld.schema, true, "INSERT", ["DELETE", "SELECT"]),
        (append, PublishWorld.schema, true, "INSERT, DELETE, SELECT", []),
        (counted, PublishWorld.schema, false, "INSERT, DELETE", ["SELECT"]),
        (counted, PublishWorld.schema, false, "INSERT, DELETE, SELECT (k)", []),
        (shared, PublishWorld.schema, false, "INSERT, DELETE", ["SELECT"]),
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
        PublishWorld.target(.merge), PublishWorld.schema,
        [try PublishWorld.row("a", "2"), try PublishWorld.row(nil, "3")])
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
      #expect(try await world.publisher.refusals(of: target, facts: nil, result: PublishWorld.schema) == [])
      let outcome = try await world.publish(target, PublishWorld.schema, [try PublishWorld.row("a", "1")])
      #expect(outcome == .published(rows: 1, deleted: 0))
      target.table = QualifiedName("missing", "t")
      let refusals = try await world.publisher.refusals(of: target, facts: nil, result: PublishWorld.schema)
      #expect(refusals.map(\.hint) == ["GRANT CREATE ON DATABASE TO the role"])
      try await world.connection.execute("RESET ROLE; DROP OWNED BY \(role); DROP ROLE \(role)")
    }
  }
}
