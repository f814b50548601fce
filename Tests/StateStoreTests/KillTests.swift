import DemoServer
import Glibc
import Model
import Postgres
@testable import StateStore
import Synchronization
import Testing

/// A process that is killed in the middle of a transaction leaves all of it or nothing.
@Suite(.serialized, .timeLimit(.minutes(5))) struct KillTests {
  @Test func atEveryStatementOfACheckpointInSQLite() async throws {
    try await withScratchFolder { folder in
      try await atEveryStatement { point, kill in
        let path = "\(folder)/\(point).db"
        try await kill(path, false)
        try await expectConsistent(try await Store.openSQLite(path: path, now: { Instant(microseconds: 1) }))
      }
    }
  }

  @Test func atEveryStatementOfACheckpointInPostgres() async throws {
    let socket = try await SharedServer.shared().socketDirectory
    try await atEveryStatement { _, kill in
      try await withTestDatabase { settings in
        let connection = try await Connection.open(settings)
        let row = try await connection.query("SELECT current_database() AS name, current_user AS role")
          .onlyRow
        await connection.close()
        try await kill("host=\(socket) dbname=\(row.string("name")) user=\(row.string("role"))", true)
        try await expectConsistent(try await Store.openPostgres(settings))
      }
    }
  }

  /// Kills at the first place, the second, and so on, until there is no further one.
  private func atEveryStatement(
    _ round: (Int, (_ target: String, _ isPostgres: Bool) async throws -> Void) async throws -> Void
  ) async throws {
    var point = 0
    var wasKilled = true
    while wasKilled {
      try await round(point) { target, isPostgres in
        let result = try await #require(processExitsWith: .failure) {
          [target = target as String, isPostgres = isPostgres as Bool, point = point as Int] in
          let store =
            isPostgres
            ? try await Store.openPostgres(
              try ConnectionSettings(name: "state", connectionString: target, applicationName: "test"))
            : try await Store.openSQLite(path: target, now: { Instant(microseconds: 1) })
          // What a dead process leaves: an owner, and with Postgres a lease that runs out.
          let owners = isPostgres ? OwnerRule.leases(.zero) : store.owners
          let plain = Store(database: store.database, owners: owners, host: "h", processID: 1)
          let owner = try await plain.begin()
          try await plain.checkpoint(.sample(0, rows: 5, quarantined: 1), for: owner)
          let killing = Store(
            database: KillingDatabase(store.database, at: point), owners: owners, host: "h", processID: 1)
          try await killing.checkpoint(.sample(0, rows: 9, quarantined: 3, fill: 1), for: owner)
          try await killing.checkpoint(.sample(1, rows: 9, quarantined: 2), for: owner)
          exit(7)
        }
        wasKilled = result.exitStatus == .signal(SIGKILL)
        #expect(wasKilled || result.exitStatus == .exitCode(7))
      }
      point += 1
    }
    // Two checkpoints of several statements each, and their commits.
    #expect(point > 20)
  }

  /// What is left is whole, and the run can be taken over at once: the totals are those of the chunks.
  private func expectConsistent(_ store: Store) async throws {
    #expect(try await store.check() == [])
    let run = try #require(try await store.runs(RunFilter()).first)
    let chunks = try await store.finishedChunks(of: run.id)
    #expect(chunks.count == 1 || chunks.count == 2)
    #expect(
      run.totals == RunTotals(chunks: chunks.count, rows: chunks.map(\.counts).reduce(RowCounts(), +)))
    for chunk in chunks {
      let rejected = try await store.rejections(of: run.id, limit: 100).filter { $0.chunk == chunk.chunk }
      #expect(Int64(rejected.count) == chunk.counts.quarantined)
      var blocks = 0
      while try await store.readBlock(run.id, chunk: chunk.chunk, index: blocks) != nil { blocks += 1 }
      #expect(blocks == chunk.blocks)
      let first = try await store.readBlock(run.id, chunk: chunk.chunk, index: 0)
      #expect(first == (chunk.counts.read == 9 && chunk.chunk.number == 0 ? [1] : [7]))
    }
    let owner = try await store.own(run.id)
    #expect(owner.token.number == 2)
    try await store.checkpoint(.sample(0), for: owner)
    await store.close()
  }
}

/// Kills the process at its n-th statement, and around each commit.
private struct KillingDatabase: StateDatabase {
  private let inner: any StateDatabase
  private let countdown: Countdown

  init(_ inner: any StateDatabase, at point: Int) {
    self.inner = inner
    countdown = Countdown(point)
  }

  var location: String { inner.location }

  func transaction<Result: Sendable>(
    _ kind: TransactionKind, _ body: @Sendable (any StateTransaction) async throws -> Result
  ) async throws -> Result {
    let result = try await inner.transaction(kind) { tx in
      let result = try await body(KillingTransaction(inner: tx, countdown: countdown))
      countdown.step()
      return result
    }
    countdown.step()
    return result
  }

  func check() async throws -> [String] { try await inner.check() }
  func compact(alone: @Sendable () throws -> Void) async throws { try await inner.compact(alone: alone) }
  func close() async { await inner.close() }
}

private final class Countdown: Sendable {
  private let rest: Mutex<Int>

  init(_ count: Int) { rest = Mutex(count) }

  func step() {
    rest.withLock { rest in
      if rest == 0 { kill(getpid(), SIGKILL) }
      rest -= 1
    }
  }
}

private struct KillingTransaction: StateTransaction {
  let inner: any StateTransaction
  let countdown: Countdown

  func now() async throws -> Instant { try await inner.now() }

  func run(_ sql: StaticString, _ values: [StateValue]) async throws -> Int {
    countdown.step()
    return try await inner.run(sql, values)
  }

  func runEach(_ sql: StaticString, _ rows: [[StateValue]]) async throws {
    for values in rows {
      countdown.step()
      _ = try await inner.run(sql, values)
    }
  }

  func rows(_ sql: StaticString, _ values: [StateValue]) async throws -> [StateRow] {
    countdown.step()
    return try await inner.rows(sql, values)
  }
}
