import DemoServer
import Model
import Postgres
import ProjectRig
import Testing

/// Everything that reading and writing needs, behind pgbouncer in transaction mode, where two
/// transactions of one client may run in two sessions of the server.
@Suite(.enabled(if: Pooler.isInstalled, "needs pgbouncer"))
struct PoolerTests {
  private func withPooler(_ body: (ConnectionSettings) async throws -> Void) async throws {
    try await SharedServer.withDatabase { direct in
      let connection = try await Connection.open(direct)
      let database = try await connection.query("SELECT current_database() AS v").onlyRow.string("v")
      await connection.close()
      try await Pooler.with(SharedServer.shared()) { try await body($0.settings(database: database)) }
    }
  }

  @Test func everythingWorks() async throws {
    try await withPooler { settings in
      let connection = try await Connection.open(settings)
      try await connection.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS a")
      let session = SessionSettings(timeZone: "Asia/Tokyo", statementTimeout: .seconds(60))
      try await connection.transaction(.reading(session)) { connection in
        let zone = try await connection.query("SHOW TimeZone").onlyRow[0]
        #expect(zone == "Asia/Tokyo")
        let columns = try await connection.describe("SELECT a, 'x' AS b FROM public.t")
        #expect(columns.map(\.type) == [.integer, .text])
        let facts = try await connection.tableFacts(QualifiedName("public", "t"))
        #expect(facts?.columns.count == 1)
      }
      #expect(try await connection.query("SHOW TimeZone").onlyRow[0] != "Asia/Tokyo")
      var bytes: [UInt8] = []
      try await connection.copyOut("COPY t TO STDOUT (FORMAT binary)") { bytes += $0 }
      try await connection.transaction(.writing()) { connection in
        try await connection.execute("CREATE TABLE public.u (a int)")
        let rows = try await connection.copyIn("COPY public.u FROM STDIN (FORMAT binary)") {
          try await $0.write(bytes)
        }
        #expect(rows == 1000)
      }
      let holder = try await SnapshotHolder.open(
        settings, session: session, locking: [QualifiedName("public", "t")])
      try await connection.execute("DELETE FROM t")
      let worker = try await holder.importing(settings, session: session)
      #expect(try await worker.query("SELECT count(*) AS n FROM public.t").onlyRow.integer("n") == 1000)
      await worker.close()
      await holder.close()
    }
  }

  @Test func aCancelReachesTheServer() async throws {
    try await withPooler { settings in
      let connection = try await Connection.open(settings)
      let admin = try await Connection.open(settings)
      let task = Task { try await connection.query("SELECT pg_sleep(600)") }
      while try await admin.query("SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'").rows
        .isEmpty
      {}
      task.cancel()
      let fault = await #expect(throws: Fault.self) { try await task.value }
      #expect(fault?.code == "cancelled")
      try await expectUsable(connection)
    }
  }

  /// It gives SQLSTATE 08P01 for what it does not know, and no connection is lost by that.
  @Test func whatThePoolerRefusesIsNoLostConnection() async throws {
    try await Pooler.with(SharedServer.shared()) { pooler in
      let settings = try ConnectionSettings(
        name: "pooled",
        connectionString: pooler.connectionString(database: "postgres") + " options='-c geqo=off'",
        applicationName: "test")
      let fault = await #expect(throws: Fault.self) { try await Connection.open(settings) }
      #expect(fault?.code == "cannot_connect" && fault?.cause?.contains("08P01") == true)
    }
  }
}
