internal import CSQLite
internal import Glibc
internal import Model
internal import Runtime

/// The state in one SQLite file, the default: nothing to set up, one machine.
///
/// WAL with `synchronous=FULL`: what was committed survives a power cut. The file is 0600 in a
/// folder of 0700. Processes on one machine share it; each waits for the other's short
/// transactions. All work runs on one thread of its own.
actor SQLiteDatabase: StateDatabase {
  nonisolated let location: String
  private nonisolated let thread: ThreadExecutor
  private let now: @Sendable () -> Instant
  private let busyTimeout: Duration
  private var connection: SQLiteConnection?
  private var turns = Turns(1)

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    thread.asUnownedSerialExecutor()
  }

  /// Opens the file, makes it where there is none, and brings its layout up to date.
  /// - Parameters:
  ///   - now: the clock that records are dated by.
  ///   - busyTimeout: how long to wait for another process.
  /// - Throws: `Fault` `state_foreign`, `state_newer`, `state_damaged`, `state_busy`,
  ///   `state_read_only`, `state_unopenable`, `disk_full`, `io_error`.
  init(path: String, now: @escaping @Sendable () -> Instant, busyTimeout: Duration = SQLiteDatabase.patience)
    async throws
  {
    location = path
    self.now = now
    self.busyTimeout = busyTimeout
    thread = try ThreadExecutor(name: "tidemark-state")
    try open()
  }

  /// How long another process is waited for.
  static let patience = Duration.seconds(30)

  /// The place of a state that is empty, and gone when it is closed.
  static let memory = ":memory:"

  private func open() throws {
    if location != SQLiteDatabase.memory { try StateFolder.prepare(forFile: location) }
    let connection = try SQLiteConnection(path: location)
    connection.setBusyTimeout(busyTimeout)
    try SQLiteLayout.prepare(connection, patience: busyTimeout, pause: connection.pause)
    self.connection = connection
  }

  func transaction<Result: Sendable>(
    _ kind: TransactionKind, _ body: @Sendable (any StateTransaction) async throws -> Result
  ) async throws -> Result {
    await enter()
    defer { turns.leave() }
    let connection = try opened()
    if connection.hasMoved() {
      throw Fault(
        "state_moved", .resource, "The state `\(location)` was removed or replaced while in use",
        hint: "Start again; published results are not published twice")
    }
    let result: Result
    do {
      switch kind {
      case .read:
        try connection.execute("BEGIN")
        result = try await body(SQLiteTransaction(connection: connection, clock: now))
      case .write(let write):
        try connection.execute("BEGIN IMMEDIATE")
        result = try await body(SQLiteTransaction(connection: connection, clock: now))
        try Failpoint.hit(write.beforeCommit)
      }
      try connection.execute("COMMIT")
    } catch {
      rollBack(connection)
      throw error
    }
    if case .write(let write) = kind { try Failpoint.hit(write.afterCommit) }
    return result
  }

  private func rollBack(_ connection: SQLiteConnection) {
    // After some failures SQLite has rolled back by itself.
    guard connection.isInTransaction else { return }
    do {
      try connection.execute("ROLLBACK")
    } catch {
      // Closing rolls back too. The caller hears of the first trouble, the next one of this.
      self.connection = nil
    }
  }

  /// An await in a transaction's body lets other work onto the actor: transactions take turns.
  private func enter() async {
    await withCheckedContinuation { turns.join($0) }
  }

  func check() async throws -> [String] {
    await enter()
    defer { turns.leave() }
    return try SQLiteLayout.check(try opened())
  }

  /// Page by page, in transactions as short as those of a run. A file that cannot do that yet is written anew as a
  /// whole, once, and can do it from then on.
  func compact(alone: @Sendable () throws -> Void) async throws {
    await enter()
    defer { turns.leave() }
    let connection = try opened()
    if try SQLiteLayout.shrinksInSteps(connection) {
      while try SQLiteLayout.shrink(connection) {
        // Others, who look for the lock only now and then, come in between.
        try await Task.sleep(for: .milliseconds(100))
      }
    } else {
      try alone()
      try SQLiteLayout.rewrite(connection)
    }
    // Who reads for long would hold this up, and this all who write.
    connection.setBusyTimeout(.seconds(1))
    defer { connection.setBusyTimeout(busyTimeout) }
    try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
  }

  func close() async {
    await enter()
    defer { turns.leave() }
    connection = nil
  }

  private func opened() throws(Fault) -> SQLiteConnection {
    guard let connection else {
      throw Fault("state_closed", .internal, "The state `\(location)` has been closed")
    }
    return connection
  }
}

private struct SQLiteTransaction: StateTransaction {
  let connection: SQLiteConnection
  let clock: @Sendable () -> Instant

  func now() async throws -> Instant { clock() }

  func run(_ sql: StaticString, _ values: [StateValue]) async throws -> Int {
    try connection.run(sql, values)
  }

  func runEach(_ sql: StaticString, _ rows: [[StateValue]]) async throws {
    for values in rows { _ = try connection.run(sql, values) }
  }

  func rows(_ sql: StaticString, _ values: [StateValue]) async throws -> [StateRow] {
    try connection.rows(sql, values)
  }
}
