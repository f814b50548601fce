internal import Model
internal import Runtime

/// What makes a SQLite file a state file: its mark, its layout's number, its settings.
enum SQLiteLayout {
  /// `TIDE`, in SQLite's application id.
  private static let applicationID: Int64 = 0x5449_4445

  /// Checks whose file it is and migrates it, all steps in one transaction.
  /// - Parameters:
  ///   - patience: how long to wait for others who make the same file.
  ///   - pause: lets them go on, and says for how long.
  static func prepare(
    _ connection: SQLiteConnection, patience: Duration, pause: () throws(Fault) -> Duration
  ) throws(Fault) {
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
    let mode = path == SQLiteDatabase.memory ? "memory" : "wal"
    guard try useWriteAheadLog(connection, isNew: isEmpty, patience, pause) == [.text(mode)] else {
      throw Fault(
        "state_no_wal", .config, "The state `\(path)` cannot use write-ahead logging",
        hint: "Put it on a local disk")
    }
    let version = try migrate(connection)
    if version > Migration.newest { throw SQLiteFault.newer(path, version) }
  }

  /// Asks again while others make the file: who holds its read lock and wants it alone is told "busy"
  /// at once, whatever SQLite's own timeout, since two such could wait for each other forever.
  private static func useWriteAheadLog(
    _ connection: SQLiteConnection, isNew: Bool, _ patience: Duration,
    _ pause: () throws(Fault) -> Duration
  ) throws(Fault) -> [StateValue] {
    var left = patience
    while true {
      do throws(Fault) {
        // Has no effect once there is a first page.
        if isNew { try connection.execute(inSteps) }
        return try connection.pragma("PRAGMA journal_mode = WAL")
      } catch  where error.code == SQLiteFault.busy && left > .zero {
        left -= try pause()
      }
    }
  }

  /// - Returns: the layout's number, which may be a newer one's.
  private static func migrate(_ connection: SQLiteConnection) throws(Fault) -> Int {
    let version = Int(try number(connection, "PRAGMA user_version"))
    if version >= Migration.newest { return version }
    try connection.execute("BEGIN IMMEDIATE")
    do throws(Fault) {
      // Another process may have done it while this one waited.
      let version = Int(try number(connection, "PRAGMA user_version"))
      for migration in Migration.all where migration.number > version {
        try connection.execute("\(migration.statements)")
        try connection.execute(
          "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(migration.number)")
      }
      try Failpoint.hit(StateWrite.migrate.beforeCommit)
      try connection.execute("COMMIT")
      try Failpoint.hit(StateWrite.migrate.afterCommit)
      return max(version, Migration.newest)
    } catch {
      if connection.isInTransaction { try connection.execute("ROLLBACK") }
      throw error
    }
  }

  private static let inSteps = "PRAGMA auto_vacuum = INCREMENTAL"

  /// Whether free pages can be given back bit by bit, which is so in a file that was made so.
  static func shrinksInSteps(_ connection: SQLiteConnection) throws(Fault) -> Bool {
    try number(connection, "PRAGMA auto_vacuum") == 2
  }

  /// Gives some free pages back, in one short transaction.
  /// - Returns: whether there are more.
  static func shrink(_ connection: SQLiteConnection) throws(Fault) -> Bool {
    let free = "PRAGMA freelist_count"
    let before = try number(connection, free)
    if before == 0 { return false }
    try connection.execute("PRAGMA incremental_vacuum(1000)")
    let left = try number(connection, free)
    return left > 0 && left < before
  }

  /// Writes a file anew, without free pages, as one that shrinks in steps.
  static func rewrite(_ connection: SQLiteConnection) throws(Fault) {
    try connection.execute("\(inSteps); VACUUM")
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
