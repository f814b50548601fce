import Glibc
import Model
@testable import StateStore
import Synchronization
import Testing

/// A process that is killed in the middle of a transaction leaves all of it or nothing.
@Suite(.serialized) struct KillTests {
  @Test func atEveryStatementOfACheckpoint() async throws {
    try await withScratchFolder { folder in
      var point = 0
      var wasKilled = true
      while wasKilled {
        let path = "\(folder)/\(point).db"
        let result = try await #require(processExitsWith: .failure) {
          [path = path as String, point = point as Int] in
          let clock = HandClock()
          let store = try await Store.openSQLite(path: path, now: { clock.now })
          let owner = try await store.begin()
          try await store.checkpoint(.sample(0, rows: 5, quarantined: 1), for: owner)
          let killing = Store(
            database: KillingDatabase(store.database, at: point), owners: store.owners, host: "h",
            processID: 1)
          try await killing.checkpoint(.sample(0, rows: 9, quarantined: 3, fill: 1), for: owner)
          try await killing.checkpoint(.sample(1, rows: 9, quarantined: 2), for: owner)
          exit(7)
        }
        wasKilled = result.exitStatus == .signal(SIGKILL)
        #expect(wasKilled || result.exitStatus == .exitCode(7))
        try await expectConsistent(path)
        point += 1
      }
      // Two checkpoints of several statements each, and their commits.
      #expect(point > 20)
    }
  }

  /// Opens what is left: the run can be taken over at once, and the totals are those of the chunks.
  private func expectConsistent(_ path: String) async throws {
    let store = try await Store.openSQLite(path: path, now: { Instant(microseconds: 1) })
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
  func compact() async throws { try await inner.compact() }
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
