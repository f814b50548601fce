internal import Model
internal import Postgres
internal import Runtime

/// The schema `tidemark_state`: whose it is, which layout it has, how it is migrated.
enum PostgresLayout {
  /// Those that records come into and go from.
  static let largeTables = ["blocks", "rejections", "chunks", "runs", "fires", "notices", "events"]
    .map { Identifier($0) }

  /// Migrates, all steps in one transaction, one process at a time.
  /// - Throws: `no_state` where there is nothing to migrate and nothing is to be made.
  static func prepare(_ connection: Connection, location: String, makesSchema: Bool) async throws {
    let encoding = try await connection.query("SHOW server_encoding").onlyRow[0] ?? ""
    guard encoding == "UTF8" else {
      throw Fault(
        "state_encoding", .config, "The state's database \(location) has the encoding \(encoding)",
        hint: "Keep the state in a database with the encoding UTF8")
    }
    let version = try await layout(connection, location)
    if version > Migration.newest { throw SQLiteFault.newer(location, version) }
    if version == 0, !makesSchema { throw Store.absent(location) }
    if version < Migration.newest { try await migrate(connection, location) }
  }

  private static func migrate(_ connection: Connection, _ location: String) async throws {
    try await connection.execute("BEGIN")
    do {
      // The number is `TIDE`, as in SQLite's application id; it goes with the transaction.
      try await connection.execute("SELECT pg_advisory_xact_lock(1414088773)")
      let version = try await layout(connection, location)
      // Another process, of a newer program, may have done it while this one waited.
      if version > Migration.newest { throw SQLiteFault.newer(location, version) }
      if version == 0 {
        try await connection.execute("CREATE SCHEMA IF NOT EXISTS tidemark_state")
        try await connection.execute(
          """
          CREATE TABLE IF NOT EXISTS tidemark_state.layouts (
            number BIGINT PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())
          """)
      }
      for migration in Migration.all where migration.number > version {
        try await connection.execute(SQLText(stringLiteral: migration.statements))
        if let more = migration.postgresStatements {
          try await connection.execute(SQLText(stringLiteral: more))
        }
        try await connection.execute(
          "INSERT INTO tidemark_state.layouts (number) VALUES (\(migration.number))")
      }
      try Failpoint.hit(StateWrite.migrate.beforeCommit)
      try await connection.commit()
    } catch {
      await connection.rollback()
      throw error
    }
    try Failpoint.hit(StateWrite.migrate.afterCommit)
  }

  /// The layout's number; 0 where there is no state yet.
  private static func layout(_ connection: Connection, _ location: String) async throws -> Int {
    let row = try await connection.query(
      """
      SELECT to_regclass('tidemark_state.layouts') IS NOT NULL AS is_ours,
        EXISTS (SELECT 1 FROM pg_catalog.pg_class
          WHERE relnamespace = to_regnamespace('tidemark_state')) AS has_tables
      """
    ).onlyRow
    if try row.boolean("is_ours") {
      return try await connection.query(
        "SELECT COALESCE(MAX(number), 0) AS number FROM tidemark_state.layouts"
      ).onlyRow.integer("number")
    }
    if try row.boolean("has_tables") {
      throw Fault(
        "state_foreign", .config, "The schema `tidemark_state` of \(location) is not Tidemark's",
        hint: "Name another database; this one is left as it is")
    }
    return 0
  }

  /// A state behind such a pooler would lose its settings, and its session would live on after its process.
  static func refusePooler(_ connection: Connection, _ settings: ConnectionSettings) async throws {
    if try await connection.sharesSessions() {
      throw Fault(
        "state_behind_pooler", .config,
        "The state \(settings) is behind a pooler that shares sessions between transactions",
        hint: "Connect to the server itself, or to a pool in session mode; jobs' own connections may"
          + " go through the pooler")
    }
  }
}
