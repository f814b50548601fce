internal import Model

/// The database that holds the state: runs short transactions, one statement after the other.
///
/// The store's statements are the same for every database, with `$1`, `$2` as parameters; what
/// differs (opening, locking, time) lies behind this protocol. A transaction either commits as a
/// whole or leaves nothing. Neither cancels with the task that asks: a state that was worth
/// saving is saved.
protocol StateDatabase: Sendable {
  /// For messages: where the state is, without a secret.
  var location: String { get }

  /// Runs `body` in one transaction and commits it.
  ///
  /// `body` may run more than once (after a deadlock, for instance), so it must have no effects
  /// of its own.
  /// - Throws: what `body` throws, after rolling back; `Fault` of the database.
  @discardableResult
  func transaction<Result: Sendable>(
    _ kind: TransactionKind, _ body: @Sendable (any StateTransaction) async throws -> Result
  ) async throws -> Result

  /// Looks for damage without changing anything.
  /// - Returns: one sentence per finding; empty if all is well.
  func check() async throws -> [String]

  /// Gives space back that purged records leave, holding up nobody for long.
  /// - Parameter alone: called before what would hold up all others all the same; throws where that must not be.
  func compact(alone: @Sendable () throws -> Void) async throws

  func close() async
}

/// What a transaction's body may do. Lives no longer than the body.
protocol StateTransaction {
  /// The database's own time where several hosts share it, else the process's.
  func now() async throws -> Instant

  /// - Returns: the number of rows inserted, changed or deleted.
  @discardableResult
  func run(_ sql: StaticString, _ values: [StateValue]) async throws -> Int

  /// Runs one statement for each list of values.
  func runEach(_ sql: StaticString, _ rows: [[StateValue]]) async throws

  func rows(_ sql: StaticString, _ values: [StateValue]) async throws -> [StateRow]
}

extension StateTransaction {
  func row(_ sql: StaticString, _ values: [StateValue]) async throws -> StateRow? {
    try await rows(sql, values).first
  }
}
