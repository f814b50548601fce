import DemoServer
import Model
import Postgres
import ProjectRig
import Testing

@Suite struct SnapshotTests {
  private let table = QualifiedName("public", "t")

  @Test func everybodySeesTheSameRows() async throws {
    try await SharedServer.withDatabase { settings in
      let writer = try await Connection.open(settings)
      try await writer.execute("CREATE TABLE t AS SELECT generate_series(1, 10) AS a")
      let holder = try await SnapshotHolder.open(settings, session: SessionSettings(), locking: [table])
      try await writer.execute("INSERT INTO t VALUES (11); DELETE FROM t WHERE a = 1")
      let worker = try await holder.importing(settings, session: SessionSettings())
      let count: SQLText = "SELECT count(*) AS n, min(a) AS m, pg_current_snapshot() AS s FROM public.t"
      for row in [try await holder.query(count).onlyRow, try await worker.query(count).onlyRow] {
        #expect(try row.integer("n") == 10)
        #expect(try row.integer("m") == 1)
        #expect(try row.text("s") == holder.visibility)
      }
      // The picture outlives its holder where it was imported before.
      await holder.close()
      #expect(try await worker.query(count).onlyRow.integer("n") == 10)
      await worker.close()
      #expect(try await writer.query(count).onlyRow.integer("n") == 10)
      #expect(try await writer.query(count).onlyRow.integer("m") == 2)
    }
  }

  @Test(arguments: [
    "CREATE TABLE t AS SELECT 1 AS a", "CREATE TABLE t (a int) PARTITION BY LIST (a)",
    "CREATE TABLE b (a int); CREATE VIEW t AS SELECT * FROM b", "CREATE MATERIALIZED VIEW t AS SELECT 1 AS a",
  ])
  func holdsOffRewrites(sql: String) async throws {
    try await SharedServer.withDatabase { settings in
      let writer = try await Connection.open(settings)
      try await writer.execute(SQLText(trusted: sql))
      let holder = try await SnapshotHolder.open(settings, session: SessionSettings(), locking: [table])
      let fault = await #expect(throws: Fault.self) {
        try await writer.execute(
          "BEGIN; SET LOCAL lock_timeout = 1; LOCK TABLE pg_class IN ACCESS SHARE MODE; \(rewrite(sql))")
      }
      #expect(fault?.code == "lock_not_available")
      #expect(fault?.isTransient == true)
      await holder.close()
    }
  }

  private func rewrite(_ sql: String) -> SQLText {
    if sql.contains("MATERIALIZED") { return "REFRESH MATERIALIZED VIEW t" }
    return sql.contains("VIEW") ? "TRUNCATE b" : "TRUNCATE t"
  }

  @Test func aWaitingSchemaChangeIsToldAtOnce() async throws {
    try await SharedServer.withDatabase { settings in
      let admin = try await Connection.open(settings)
      try await admin.execute("CREATE TABLE t AS SELECT 1 AS a")
      let holder = try await SnapshotHolder.open(settings, session: SessionSettings(), locking: [table])
      let changer = try await Connection.open(settings)
      let change = Task { try await changer.execute("ALTER TABLE t ADD COLUMN b int") }
      while try await admin.query("SELECT FROM pg_locks WHERE NOT granted").rows.isEmpty {}
      let fault = await #expect(throws: Fault.self) {
        try await holder.importing(settings, session: SessionSettings())
      }
      #expect(fault?.code == "ddl_waiting")
      #expect(fault?.isTransient == true)
      await holder.close()
      _ = try await change.value
    }
  }

  @Test func aLostHolderIsTold() async throws {
    try await SharedServer.withDatabase { settings in
      let admin = try await Connection.open(settings)
      try await admin.execute("CREATE TABLE t AS SELECT 1 AS a")
      let holder = try await SnapshotHolder.open(settings, session: SessionSettings(), locking: [table])
      try await admin.query(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
      )
      let fault = await #expect(throws: Fault.self) {
        try await holder.importing(settings, session: SessionSettings())
      }
      #expect(fault?.code == "connection_lost")
      #expect(fault?.isTransient == true)
      #expect(await !holder.isOpen)
    }
  }

  @Test func anotherServerIsTold() async throws {
    try await OwnServers.with(isDurable: false) { others in
      try await SharedServer.withDatabase { settings in
        let holder = try await SnapshotHolder.open(settings, session: SessionSettings(), locking: [])
        let fault = await #expect(throws: Fault.self) {
          try await holder.importing(others[0].settings(), session: SessionSettings())
        }
        #expect(fault?.code == "another_server")
        await holder.close()
      }
    }
  }

  @Test func aMissingTableIsNamed() async throws {
    try await SharedServer.withDatabase { settings in
      let fault = await #expect(throws: Fault.self) {
        try await SnapshotHolder.open(settings, session: SessionSettings(), locking: [table])
      }
      #expect(fault?.code == "unknown_table")
      #expect(fault?.sentence.contains("public.t") == true)
    }
  }
}
