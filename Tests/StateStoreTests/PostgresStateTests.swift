import DemoServer
import Glibc
import Model
import Postgres
import ProjectRig
import Runtime
@testable import StateStore
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct PostgresStateTests {
  private func withState(_ body: (ConnectionSettings, Store) async throws -> Void) async throws {
    try await withTestDatabase { settings in
      let store = try await Store.openPostgres(settings, lease: .seconds(600))
      try await body(settings, store)
      await store.close()
    }
  }

  private func run(_ sql: SQLText, _ settings: ConnectionSettings) async throws {
    let connection = try await Connection.open(settings)
    try await connection.execute(sql)
    await connection.close()
  }

  /// A lease that is over is over, and whoever had it finds out at the next write.
  @Test func aRunIsTakenOverWhenItsLeaseIsOver() async throws {
    try await withState { _, store in
      let dead = Store(database: store.database, owners: .leases(.zero), host: "dead", processID: 1)
      let theirs = try await dead.begin()
      #expect(try await store.isOwned(theirs.run) == false)
      let mine = try await store.own(theirs.run)
      #expect(mine.token > theirs.token)
      #expect(try await store.isOwned(mine.run))
      await expectFault("fenced") { try await dead.renew(theirs) }
      await expectFault("fenced") { try await dead.checkpoint(.sample(0), for: theirs) }
      guard case .held(let owner) = try await dead.claim(mine.run) else { throw Unexpected() }
      #expect(owner?.host == store.host)
      try await store.renew(mine)
      #expect(mine.renewEvery == .seconds(200))
    }
  }

  @Test func renewingMovesTheEndOn() async throws {
    try await withState { _, store in
      let short = Store(database: store.database, owners: .leases(.zero), host: "h", processID: 1)
      let ownership = try await short.begin()
      #expect(try await store.isOwned(ownership.run) == false)
      try await store.renew(ownership)
      #expect(try await store.isOwned(ownership.run))
      guard case .lease(let rest) = try await store.hold(on: ownership.run) else { throw Unexpected() }
      #expect(rest > .zero && rest <= .seconds(600))
    }
  }

  /// Whoever writes keeps its run; a run that was let go has no lease, whoever still writes.
  @Test func writingMovesTheEndOn() async throws {
    try await withState { _, store in
      let short = Store(database: store.database, owners: .leases(.zero), host: "h", processID: 1)
      let ownership = try await short.begin()
      #expect(try await store.isOwned(ownership.run) == false)
      for (chunk, writer) in [store, short].enumerated() {
        try await writer.checkpoint(.sample(chunk), for: ownership)
        guard case .lease(let rest) = try await store.hold(on: ownership.run) else { throw Unexpected() }
        #expect(rest > .seconds(500) && rest <= .seconds(600))
      }
      try await store.release(ownership)
      try await store.checkpoint(.sample(2), for: ownership)
      #expect(try await store.isOwned(ownership.run) == false)
    }
  }

  /// Whoever has looked, and then sleeps while somebody else makes the run, makes no second one.
  @Test func aRunMadeMeanwhileIsFound() async throws {
    try await withState { settings, store in
      let theirs = try await store.begin(.sample(day: 1))
      try await store.move(theirs, through: .running, .merging, .prepared, .publishing, .succeeded)
      let sleeper = try await Connection.open(settings)
      // Reads go on, and what is to be written waits.
      try await sleeper.begin(.writing(SessionSettings()))
      try await sleeper.execute("LOCK TABLE tidemark_state.runs IN SHARE MODE")
      async let opened = store.openRun(.sample(day: 2))
      try await Patience.until("the run waits to be written") {
        try await sleeper.query("SELECT count(*) FROM pg_locks WHERE NOT granted").onlyRow[0] == "1"
      }
      let key = RunIdentity.sample(day: 2).key
      try await sleeper.execute("CREATE TEMP TABLE made AS SELECT * FROM tidemark_state.runs")
      try await sleeper.execute(
        "UPDATE made SET run_id = 'r2', identity = \(literal: .text(key))")
      try await sleeper.execute("INSERT INTO tidemark_state.runs SELECT * FROM made")
      try await sleeper.commit()
      await sleeper.close()
      guard case .succeeded(let found) = try await opened else { throw Unexpected() }
      #expect(found.id == RunID("r2"))
    }
  }

  /// A renewal waits for none of the connections that are at work.
  @Test func aRenewalWaitsForNobody() async throws {
    try await withState { settings, store in
      let ownership = try await store.begin()
      let holder = try await Connection.open(settings)
      try await holder.query("SELECT pg_advisory_lock(1)")
      try await withThrowingTaskGroup(of: Void.self) { group in
        let connections = PostgresLimits(lease: .zero).connections
        for _ in 0..<connections {
          group.addTask {
            try await store.database.transaction(.read) { tx in
              _ = try await tx.rows("SELECT CAST(pg_advisory_xact_lock_shared(1) AS text) AS it", [])
            }
          }
        }
        try await Patience.until("all connections are at work") {
          try await holder.query(
            """
            SELECT count(*) AS waiting FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
          ).onlyRow.integer("waiting") == connections
        }
        try await store.renew(ownership)
        try await holder.query("SELECT pg_advisory_unlock(1)")
        try await group.waitForAll()
      }
      await holder.close()
    }
  }

  /// Whoever has slept for longer than its patience does not give up what was interrupted meanwhile.
  @Test func aSleeperTriesOnceMore() async throws {
    try await withTestDatabase { settings in
      var limits = PostgresLimits(lease: .seconds(600))
      limits.retry.giveUpAfter = .nanoseconds(1)
      let database = try await PostgresDatabase(settings: settings, limits: limits, makesSchema: true)
      let store = Store(database: database, owners: .leases(.seconds(600)), host: "h", processID: 1)
      let ownership = try await store.begin()
      try await run(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
        """, settings)
      try await store.renew(ownership)
      await store.close()
    }
  }

  /// What is asked for by hand takes as long as it takes.
  @Test func compactingHasNoTimeLimit() async throws {
    try await withTestDatabase { settings in
      let limits = PostgresLimits(lease: .seconds(600), statement: .seconds(2))
      let database = try await PostgresDatabase(settings: settings, limits: limits, makesSchema: true)
      let (holder, asker) = (try await Connection.open(settings), try await Connection.open(settings))
      try await holder.execute("BEGIN; LOCK TABLE tidemark_state.runs IN SHARE MODE")
      async let compacted: Void = database.compact {}
      try await Patience.until("the compaction takes long") {
        try await asker.query(
          """
          SELECT count(*) AS waiting FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE 'VACUUM%' AND wait_event_type = 'Lock'
            AND clock_timestamp() - query_start > interval '3 seconds'
          """
        ).onlyRow.integer("waiting") == 1
      }
      try await holder.execute("COMMIT")
      try await compacted
      await asker.close()
      await holder.close()
      await database.close()
    }
  }

  @Test func manyOpenANewStateAtOnce() async throws {
    try await withTestDatabase { settings in
      let stores = try await withThrowingTaskGroup(of: Store.self) { group in
        for _ in 0..<6 { group.addTask { try await Store.openPostgres(settings) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(try await stores[0].check() == [])
      _ = try await stores[1].begin()
      #expect(try await stores[2].runs(RunFilter()).count == 1)
      for store in stores { await store.close() }
    }
  }

  @Test func newerAndForeignSchemasAreRefused() async throws {
    try await withState { settings, _ in
      try await run("INSERT INTO tidemark_state.layouts (number) VALUES (99)", settings)
      await expectFault("state_newer") { _ = try await Store.openPostgres(settings) }
      try await run(
        "DROP SCHEMA tidemark_state CASCADE; CREATE SCHEMA tidemark_state; CREATE TABLE tidemark_state.x (a int)",
        settings)
      await expectFault("state_foreign") { _ = try await Store.openPostgres(settings) }
    }
  }

  @Test func otherEncodingsAreRefused() async throws {
    try await withTestDatabase { settings in
      try await run(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", settings)
      await expectFault("state_encoding") {
        _ = try await Store.openPostgres(settings.database("latin"))
      }
      try await run("DROP DATABASE latin WITH (FORCE)", settings)
    }
  }

  /// Sessions that the server ends are made anew, and what they were doing is done again.
  @Test func endedSessionsAreReplaced() async throws {
    try await withState { settings, store in
      let owner = try await store.begin()
      for chunk in 0..<10 {
        try await run(
          """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()
          """, settings)
        try await store.checkpoint(.sample(chunk, quarantined: 1), for: owner)
      }
      #expect(try await store.run(owner.run)?.totals.rows.quarantined == 10)
      #expect(try await store.check() == [])
    }
  }

  /// A session that is ended in the middle of a transaction.
  @Test func endedTransactionsAreDoneAgain() async throws {
    try await withState { settings, store in
      let owner = try await store.begin()
      let tries = Tries()
      try await store.database.transaction(.write(.checkpoint)) { tx in
        _ = try await tx.run(
          "UPDATE runs SET job_hash = job_hash || 'x' WHERE run_id = $1", [.text(owner.run.text)])
        if tries.count.add(1, ordering: .relaxed).newValue > 1 { return }
        try await run(
          """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND state = 'idle in transaction'
          """, settings)
        _ = try await tx.rows("SELECT 1 AS one", [])
      }
      #expect(tries.count.load(ordering: .relaxed) == 2)
      #expect(try await store.run(owner.run)?.jobHash == "hashx")
    }
  }

  @Test func transactionsSurviveTheirTasksCancellation() async throws {
    try await withState { _, store in
      let owner = try await store.begin()
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await store.checkpoint(.sample(0), for: owner)
      }
      try await task.value
      #expect(try await store.finishedChunks(of: owner.run).count == 1)
    }
  }

  private final class Tries: Sendable {
    let count = Atomic(0)
  }

  @Test(.enabled(if: Pooler.isInstalled, "needs pgbouncer"), arguments: Pooler.Mode.allCases)
  func poolersThatShareSessionsAreRefused(_ mode: Pooler.Mode) async throws {
    try await withTestDatabase { settings in
      let direct = try await Connection.open(settings)
      let database = try await direct.query("SELECT current_database() AS name").onlyRow.string("name")
      await direct.close()
      try await Pooler.with(SharedServer.shared(), mode) { pooler in
        let pooled = try pooler.settings(database: database)
        switch mode {
        case .transaction:
          await expectFault("state_behind_pooler") { _ = try await Store.openPostgres(pooled) }
        case .session:
          let store = try await Store.openPostgres(pooled)
          _ = try await store.begin()
          await store.close()
        }
      }
    }
  }
}
