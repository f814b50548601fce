import Model
import Synchronization

@testable import StateStore

/// Counts the statements that a state is asked.
final class CountingDatabase: StateDatabase {
  private let base: any StateDatabase
  private let statements = Mutex<[String: Int]>([:])

  init(_ base: any StateDatabase) { self.base = base }

  var location: String { base.location }

  /// How often one was asked that contains this text, since the last `reset`.
  func count(_ text: String) -> Int {
    statements.withLock { $0.filter { $0.key.contains(text) }.values.reduce(0, +) }
  }

  func reset() { statements.withLock { $0 = [:] } }

  func transaction<Result: Sendable>(
    _ kind: TransactionKind, _ body: @Sendable (any StateTransaction) async throws -> Result
  ) async throws -> Result {
    try await base.transaction(kind) { tx in
      try await body(Transaction(base: tx) { text in self.statements.withLock { $0[text, default: 0] += 1 } })
    }
  }

  func check() async throws -> [String] { try await base.check() }

  func compact(alone: @Sendable () throws -> Void) async throws { try await base.compact(alone: alone) }

  func close() async { await base.close() }

  private struct Transaction: StateTransaction {
    let base: any StateTransaction
    let tell: (String) -> Void

    func now() async throws -> Instant { try await base.now() }

    func run(_ sql: StaticString, _ values: [StateValue]) async throws -> Int {
      tell(sql.description)
      return try await base.run(sql, values)
    }

    func runEach(_ sql: StaticString, _ rows: [[StateValue]]) async throws {
      tell(sql.description)
      try await base.runEach(sql, rows)
    }

    func rows(_ sql: StaticString, _ values: [StateValue]) async throws -> [StateRow] {
      tell(sql.description)
      return try await base.rows(sql, values)
    }
  }
}

extension ScheduleWorld {
  /// The same, with the statements counted that its state is asked.
  func counting() -> (world: ScheduleWorld, count: CountingDatabase) {
    let database = CountingDatabase(store.database)
    let counted = Store(
      database: database, owners: store.owners, host: store.host, processID: store.processID,
      hostNow: store.hostNow)
    return (
      ScheduleWorld(
        store: counted, clock: clock, runner: PretendRunner(counted, clock), project: project, ahead: ahead),
      database
    )
  }
}
