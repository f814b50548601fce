import Model
@testable import StateStore
import Testing

@Suite struct MoveTests {
  /// Every move from every state, with and without a committed sink, does what the pure type says.
  @Test(arguments: StoreKind.allCases)
  func theStoreKeepsToTheLegalMoves(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let owner = try await store.begin()
      try await store.markPrepared(
        [PreparedSink(sink: "table", resultHash: "h", rowCount: 1)], commitment: nil, for: owner)
      for pastFirstCommit in [false, true] {
        if pastFirstCommit { try await store.markCommitted(sinks: ["table"], for: owner) }
        for from in RunState.allCases {
          for to in RunState.allCases where to != from {
            try await store.force(owner.run, from)
            let isLegal = from.mayMove(to: to, pastFirstCommit: pastFirstCommit)
            do {
              try await store.move(owner, through: to)
              #expect(isLegal, "\(from) to \(to)")
            } catch let fault as Fault {
              #expect(!isLegal && fault.code == "illegal_move", "\(from) to \(to)")
            }
            #expect(try await store.run(owner.run)?.state == (isLegal ? to : from))
          }
        }
      }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func aMoveWritesEverythingTogetherAndOnce(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let key = FireKey(project: "shop", job: JobName("daily"), fire: Instant(microseconds: 5))
      try await store.insertFires(
        [NewFire(key: key, interval: nil)], project: "shop", job: JobName("daily"), consideredUntil: key.fire)
      let owner = try await store.begin(.sample(fire: key))
      let move = RunMove(
        to: .failed, event: EventDraft("run_failed", .object([.init("a", .integer(1))])),
        fault: Fault("x", .data, "X"), notices: [.sample("n1", run: owner.run)], receipt: .boolean(true),
        fireOutcome: .failed)
      try await store.move(owner, move)
      try await store.move(owner, move)
      let run = try #require(try await store.run(owner.run))
      #expect(run.state == .failed && run.failures == 1)
      #expect(try await store.events(of: run.id).map(\.name) == ["run_failed"])
      #expect(try await store.notices(limit: 10).map(\.id) == ["n1"])
      #expect(try await store.fires(of: run.id).map(\.outcome) == [.failed])
      #expect(try await store.fires(of: run.id)[0].closedAt != nil)

      await expectFault("illegal_move") {
        try await store.move(
          owner, RunMove(to: .succeeded, event: EventDraft("no"), notices: [.sample("n2", run: run.id)]))
      }
      #expect(try await store.events(of: run.id).count == 1)
      #expect(try await store.notices(limit: 10).count == 1)
    }
  }

  /// An owner that fails where the one before had failed has failed too, once.
  @Test(arguments: StoreKind.allCases)
  func everyOwnersFailureIsWritten(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      var owner = try await store.begin()
      let run = owner.run
      for number in 1...3 {
        let move = RunMove(
          to: .failed, event: EventDraft("run_failed"), fault: Fault("x", .data, "Failure \(number)"))
        try await store.move(owner, move)
        try await store.move(owner, move)
        let record = try #require(try await store.run(run))
        #expect(record.failures == number && record.fault?.sentence == "Failure \(number)")
        #expect(try await store.events(of: run).count == number)
        try await store.release(owner)
        guard case .owned(let next) = try await store.claim(run) else {
          Issue.record("not taken")
          return
        }
        owner = next
      }
      try await store.move(owner, through: .interrupted, .failed, .interrupted, .running)
      #expect(try await store.run(run)?.failures == 4)
    }
  }

  /// All of them or none, each with its event; and once, also where the answer was lost.
  @Test(arguments: StoreKind.allCases)
  func severalMovesAreOne(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let owner = try await store.begin()
      try await store.move(owner, through: .running, .merging)
      let prepared = RunMove(to: .prepared, event: EventDraft("result_prepared"))
      await expectFault("illegal_move") {
        try await store.move(owner, prepared, RunMove(to: .planned, event: EventDraft("x")))
      }
      #expect(try await store.run(owner.run)?.state == .merging)
      for _ in 1...2 {
        try await store.move(owner, prepared, RunMove(to: .publishing, event: EventDraft("run_publishing")))
        #expect(try await store.run(owner.run)?.state == .publishing)
        let trail = try await store.events(of: owner.run).map(\.name)
        #expect(trail.suffix(2) == ["result_prepared", "run_publishing"] && trail.count == 4)
      }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func interruptionsCostNoFailure(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      try await world.store.move(owner, through: .running, .interrupted, .running, .failed, .running)
      #expect(try await world.store.run(owner.run)?.failures == 1)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func theTrailIsNumberedWithoutGaps(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for chunk in 0..<8 {
          group.addTask {
            var checkpoint = Checkpoint.sample(chunk)
            checkpoint.event = EventDraft("chunk_done")
            try await world.store.checkpoint(checkpoint, for: owner)
          }
          group.addTask { try await world.store.append(EventDraft("note"), for: owner) }
        }
        try await group.waitForAll()
      }
      #expect(try await world.store.events(of: owner.run).map(\.number) == Array(1...16))
      #expect(try await world.store.events(since: Instant(microseconds: 0), limit: 5).count == 5)
    }
  }
}

extension Store {
  /// Puts a run into a state by hand.
  func force(_ run: RunID, _ state: RunState) async throws {
    try await database.transaction(.write(.checkpoint)) { tx in
      try await tx.run(
        "UPDATE runs SET state = $2, is_open = 1 WHERE run_id = $1", [.text(run.text), .text(state.rawValue)])
    }
  }
}

extension NoticeDraft {
  static func sample(
    _ id: String, run: RunID? = nil, project: String = "shop", delay: Duration = .zero
  ) -> NoticeDraft {
    NoticeDraft(
      id: id, run: run, project: project, job: JobName("daily"), event: .failure, channel: "ops",
      facts: .object([.init("rows", .integer(3))]), digest: "ops/daily", delay: delay)
  }
}
