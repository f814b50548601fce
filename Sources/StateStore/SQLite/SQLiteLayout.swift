internal import Model

/// What makes a SQLite file a state file: its mark, its layout's number, its settings.
enum SQLiteLayout {
  /// `TIDE`, in SQLite's application id.
  private static let applicationID: Int64 = 0x5449_4445

  /// Checks whose file it is and migrates it, each step in one transaction.
  static func prepare(_ connection: SQLiteConnection) throws(Fault) {
    let path = connection.path
    // In this order: another process may just be making the file, tables and mark at once.
    let isEmpty = try number(connection, "SELECT COUNT(*) FROM sqlite_schema") == 0
    let mark = try number(connection, "PRAGMA application_id")
    guard mark == applicationID || (isEmpty && mark == 0) else { throw SQLiteFault.foreign(path) }
    try connection.execute(
      """
      PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = 67108864;
      """)
    guard try connection.pragma("PRAGMA journal_mode = WAL") == [.text("wal")] else {
      throw Fault(
        "state_no_wal", .config, "The state `\(path)` cannot use write-ahead logging",
        hint: "Put it on a local disk")
    }
    for migration in Migration.all { try apply(migration, connection) }
    let version = Int(try number(connection, "PRAGMA user_version"))
    if version > Migration.newest { throw SQLiteFault.newer(path, version) }
  }

  private static func apply(_ migration: Migration, _ connection: SQLiteConnection) throws(Fault) {
    guard try number(connection, "PRAGMA user_version") < migration.number else { return }
    try connection.execute("BEGIN IMMEDIATE")
    do throws(Fault) {
      // Another process may have done it while this one waited.
      if try number(connection, "PRAGMA user_version") < migration.number {
        try connection.execute("\(migration.statements)")
        try connection.execute(
          "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(migration.number)")
      }
      try connection.execute("COMMIT")
    } catch {
      if connection.isInTransaction { try connection.execute("ROLLBACK") }
      throw error
    }
  }

  /// - Returns: one sentence per finding.
  static func check(_ connection: SQLiteConnection) throws(Fault) -> [String] {
    var findings: [String] = []
    for answer in try connection.pragma("PRAGMA integrity_check(20)") where answer != .text("ok") {
      if case .text(let text) = answer { findings.append(text) }
    }
    for answer in try connection.pragma("PRAGMA foreign_key_check") {
      if case .text(let table) = answer {
        findings.append("A record of `\(table)` belongs to a run that does not exist")
      }
    }
    return findings
  }

  private static func number(_ connection: SQLiteConnection, _ sql: String) throws(Fault) -> Int64 {
    guard case .integer(let number) = try connection.pragma(sql).first else { return 0 }
    return number
  }
}
