import Model
@testable import StateStore
import Testing

@Suite struct OwnershipTests {
  @Test(arguments: StoreKind.allCases)
  func oneOwnerAtATime(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let mine = try await world.store.begin()
      #expect(try await world.store.isOwned(mine.run))
      guard case .held(let owner) = try await world.stranger().claim(mine.run) else { throw Unexpected() }
      #expect(owner?.processID == world.store.processID && owner?.host == world.store.host)
      try await world.store.release(mine)
      #expect(try await world.store.isOwned(mine.run) == false)
      let theirs = try await world.stranger().own(mine.run)
      #expect(theirs.token > mine.token)
      #expect(try await world.store.run(mine.run)?.owner?.host == "elsewhere")
      // A release that comes late takes nothing from the new owner.
      try await world.store.release(mine)
      #expect(try await world.store.isOwned(mine.run))
    }
  }

  @Test(arguments: StoreKind.allCases)
  func ofManyWhoRaceOneWins(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      guard case .created(let run) = try await world.store.openRun(.sample()) else { throw Unexpected() }
      let other = try await world.stranger()
      let owned = try await withThrowingTaskGroup(of: Ownership?.self) { group in
        for number in 0..<8 {
          let store = number.isMultiple(of: 2) ? other : world.store
          group.addTask {
            guard case .owned(let ownership) = try await store.claim(run.id) else { return nil }
            return ownership
          }
        }
        // Kept until all have tried, so that none is let go in between.
        return try await group.reduce(into: [Ownership]()) { if let ownership = $1 { $0.append(ownership) } }
      }
      #expect(owned.count == 1)
    }
  }

  /// Between the moment at which a process locks a run and that at which it says so, the record still names who died
  /// with it.
  @Test func theDeadIsNotNamedForWhoHasTheLock() async throws {
    try await withStore(.sqlite) { world in
      let store = world.store
      let other = try await world.stranger().asOwner(host: store.host, processID: store.processID)
      // No process has that number.
      let dead = try await store.asOwner(host: store.host, processID: .max).begin()
      dead.unlock()
      guard case .lockFiles(let locks) = store.owners else { throw Unexpected() }
      let next = Ownership(run: dead.run, token: dead.token, renewEvery: nil, lock: try locks.take(dead.run))
      #expect(try await store.run(dead.run)?.owner?.processID == .max)
      async let claim = other.claim(dead.run)
      // Time for a claim that does not wait.
      for _ in 0..<100 { _ = try await other.run(dead.run) }
      next.unlock()
      switch try await claim {
      case .held(let owner): #expect(owner == nil)
      case .owned, .over: break
      }
    }
  }

  /// Every way to write for a run, with the token of an owner that another one has replaced.
  static let writes: [(String, @Sendable (Store, Ownership) async throws -> Void)] = [
    ("move", { try await $0.move($1, RunMove(to: .running, event: EventDraft("x"))) }),
    ("append", { try await $0.append(EventDraft("x"), for: $1) }),
    ("savePlan", { try await $0.savePlan([1], fingerprint: "f", for: $1) }),
    ("checkpoint", { try await $0.checkpoint(.sample(0), for: $1) }),
    ("dropChunks", { try await $0.dropChunks(nil, for: $1) }),
    ("markSettled", { try await $0.markSettled(sinks: ["file"], for: $1) }),
    ("raiseRevision", { _ = try await $0.raiseRevision($1, to: 2) }),
    (
      "markPrepared",
      {
        try await $0.markPrepared(
          [PreparedSink(sink: "s", resultHash: "h", rowCount: 1)], commitment: nil, for: $1)
      }
    ),
    ("markCommitted", { try await $0.markCommitted(sinks: [], for: $1) }),
    ("markReplayed", { try await $0.markReplayed($1.run, by: $1) }),
    ("supersede", { _ = try await $0.supersede($1, by: .sample(), event: EventDraft("x")) }),
  ]

  @Test(arguments: StoreKind.allCases)
  func aZombieWritesNothing(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let zombie = try await world.store.begin()
      // What a zombie has after a takeover: the token, without the lock.
      let stale = Ownership(run: zombie.run, token: zombie.token, renewEvery: nil, lock: nil)
      try await world.store.release(zombie)
      let owner = try await world.stranger().own(zombie.run)
      try await world.store.checkpoint(.sample(0), for: owner)
      let events = try await world.store.events(of: owner.run).count
      for (name, write) in Self.writes {
        await expectFault("fenced") { try await write(world.store, stale) }
        #expect(try await world.store.finishedChunks(of: owner.run).count == 1, "\(name)")
        #expect(try await world.store.events(of: owner.run).count == events, "\(name)")
      }
      #expect(try await world.store.run(owner.run)?.state == .planned)
      #expect(try await world.store.sinkMarks(of: owner.run) == [])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func unknownRunsHaveNoOwner(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      await expectFault("no_such_run") { _ = try await world.store.claim(RunID("rnobody")) }
      let isOwned = try await world.store.isOwned(RunID("rnobody"))
      #expect(!isOwned)
    }
  }

  /// The pure decision, over every state and lease.
  @Test func decisions() {
    let now = Instant(microseconds: 100)
    let owner = Owner(host: "a", processID: 1, since: Instant(microseconds: 1))
    for state in RunState.allCases {
      for (lease, lives) in [(nil, false), (99, false), (100, false), (101, true)] as [(Int64?, Bool)] {
        let decision = OwnerRule.decide(
          state: state, owner: owner, leaseUntil: lease.map(Instant.init(microseconds:)), now: now)
        #expect(decision == (state.isFinal ? .over : lives ? .held(by: owner) : .take))
      }
    }
  }

  @Test func locksEndWithTheirOwner() async throws {
    try await withStore(.sqlite) { world in
      var ownership: Ownership? = try await world.store.begin()
      let run = try #require(ownership).run
      // Let go without a release, as by a crash.
      ownership = nil
      #expect(try await world.store.isOwned(run) == false)
      ownership = try await world.stranger().own(run)
      #expect(try await world.store.isOwned(run))
    }
  }

  @Test(arguments: ["../x", "a/b", "a\0b"]) func lockNamesStayInTheirFolder(_ name: String) async throws {
    try await withStore(.sqlite) { world in
      await expectFault("no_such_run") { _ = try await world.store.claim(RunID(name)) }
    }
  }
}

extension Checkpoint {
  static func sample(_ chunk: Int, rows: Int64 = 10, quarantined: Int = 0, fill: UInt8 = 7) -> Checkpoint {
    Checkpoint(
      chunk: ChunkID(chunk), blocks: .memory([[fill], [], [UInt8](repeating: fill, count: 5000)]),
      rejections: .memory((0..<quarantined).map { .sample(Int64($0)) }),
      counts: .sample(rows, quarantined: Int64(quarantined)),
      proof: .object([.init("rows", .integer(rows))]))
  }
}
