import Model
@testable import StateStore
import Testing

@Suite struct RetentionTests {
  @Test(arguments: StoreKind.allCases)
  func theNewestSuccessStaysAndTheRestGoes(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      func succeed(_ owner: Ownership) async throws {
        try await store.checkpoint(.sample(0, quarantined: 2), for: owner)
        try await store.move(owner, through: .running, .merging, .prepared, .publishing)
        try await store.move(
          owner,
          RunMove(
            to: .succeeded, event: EventDraft("done"),
            notices: [.sample("n-\(owner.run)", run: owner.run)]))
        try await store.markDelivered("n-\(owner.run)")
        try await store.release(owner)
      }
      let first = try await store.begin()
      try await succeed(first)
      let second = try await store.begin(.sample(again: true))
      try await succeed(second)
      let cancelled = try await store.begin(.sample(day: 1))
      try await store.move(cancelled, through: .cancelled)
      let failed = try await store.begin(.sample(day: 2))
      try await store.move(failed, through: .failed)
      let other = try await store.begin(.sample("other"))
      try await store.move(other, through: .cancelled)

      let never = Instant(microseconds: 0)
      let end = Instant(microseconds: .max)
      let none = try await store.purge(
        project: "shop", job: JobName("daily"), runsBefore: never, quarantineBefore: never)
      #expect(none == PurgeCounts())
      let counts = try await store.purge(
        project: "shop", job: JobName("daily"), runsBefore: end, quarantineBefore: end)
      #expect(counts.runs == 2 && counts.rejections == 4 && counts.notices == 1 && counts.events == 6)
      #expect(Set(try await store.runs(RunFilter()).map(\.id)) == [other.run, failed.run, second.run])
      #expect(try await store.succeededRun(of: .sample())?.totals.rows.quarantined == 2)
      #expect(try await store.readBlock(second.run, chunk: ChunkID(0), index: 0) == nil)
      #expect(try await store.events(of: second.run).count == 5)
      #expect(try await store.check() == [])
      try await store.compact()
    }
  }

  /// Of what was missed; what is still to be delivered stays.
  @Test(arguments: StoreKind.allCases) func noticesWithoutARunGo(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      try await store.enqueue([.sample("told", run: nil), .sample("due", run: nil)])
      try await store.markGaveUp("told", Fault("refused", .notFound, "Nobody is there"))
      for before in [Instant(microseconds: 0), Instant(microseconds: .max)] {
        let counts = try await store.purge(
          project: "shop", job: JobName("daily"), runsBefore: before, quarantineBefore: before)
        #expect(counts.notices == (before.microseconds == 0 ? 0 : 1))
      }
      #expect(try await store.notices(limit: 9).map(\.id) == ["due"])
    }
  }

  /// However much there is to go, no transaction takes all of it.
  @Test(arguments: StoreKind.allCases) func manyRunsGoInPieces(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      for day in Int64(0)..<120 {
        let owner = try await store.begin(.sample(day: day))
        try await store.checkpoint(.sample(0, quarantined: 1), for: owner)
        try await store.move(owner, through: .cancelled)
        try await store.release(owner)
      }
      let end = Instant(microseconds: .max)
      let counts = try await store.purge(
        project: "shop", job: JobName("daily"), runsBefore: end, quarantineBefore: end)
      #expect(counts.runs == 120 && counts.rejections == 120)
      #expect(try await store.runs(RunFilter()).isEmpty)
    }
  }

  /// Of those that were passed over; what the ledger goes on by stays.
  @Test(arguments: StoreKind.allCases) func firesWithoutARunGo(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let job = JobName("daily")
      _ = try await store.recordFirstSighting(
        project: "shop", job: job, clock: .null, at: Instant(microseconds: 0))
      func fire(
        _ moment: Int64, _ outcome: FireOutcome, row: String = "", _ parameters: [String: String]? = nil
      ) -> NewFire {
        let start = Instant(microseconds: moment / 10 * 10)
        return NewFire(
          key: FireKey(project: "shop", job: job, matrixRow: row, fire: Instant(microseconds: moment)),
          interval: TimeRange(start: start, end: start.advanced(by: .microseconds(1))), outcome: outcome,
          parameters: parameters)
      }
      // Those of 21 are of the interval that 22 waits for.
      let fires = [
        fire(10, .superseded), fire(11, .paused), fire(12, .outsideWindow, [:]), fire(20, .superseded),
        fire(21, .superseded), fire(22, .pending), fire(30, .paused), fire(40, .paused),
        fire(10, .paused, row: "a"), fire(11, .paused, row: "a"),
      ]
      func insert() async throws -> Int {
        try await store.insertFires(
          fires, project: "shop", job: job, consideredUntil: Instant(microseconds: 40))
      }
      #expect(try await insert() == 10)
      for before in [Instant(microseconds: 0), Instant(microseconds: .max)] {
        let counts = try await store.purge(
          project: "shop", job: job, runsBefore: before, quarantineBefore: before)
        #expect(counts.fires == (before.microseconds == 0 ? 0 : 4))
      }
      let kept = try await store.fires(
        project: "shop", job: job,
        in: TimeRange(start: Instant(microseconds: 0), end: Instant(microseconds: .max)))
      #expect(
        kept.map { "\($0.key.matrixRow)\($0.key.fire.microseconds)" } == [
          "a11", "12", "20", "21", "22", "40",
        ])
      #expect(try await store.sightings(project: "shop").first?.lastConsidered == Instant(microseconds: 40))
    }
  }

  /// However many there are, no transaction takes all of them.
  @Test(arguments: StoreKind.allCases) func manyFiresGoInPieces(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let job = JobName("daily")
      let fires = (1...2500).map { number in
        NewFire(
          key: FireKey(project: "shop", job: job, fire: Instant(microseconds: number)), interval: nil,
          outcome: .superseded)
      }
      try await world.store.insertFires(
        fires, project: "shop", job: job, consideredUntil: Instant(microseconds: 2500))
      let end = Instant(microseconds: .max)
      let counts = try await world.store.purge(
        project: "shop", job: job, runsBefore: end, quarantineBefore: end)
      #expect(counts.fires == 2499)
    }
  }

  /// A file that lies there unchanged, or an event that can be asked for still, fires once.
  @Test(arguments: StoreKind.allCases) func whatATriggerHasFiredStays(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let job = JobName("daily")
      _ = try await store.recordFirstSighting(
        project: "shop", job: job, clock: .null, at: Instant(microseconds: 0))
      // The newest of the clock stays as well: it says where the next interval begins.
      let fires = [nil, [:], nil].enumerated().map { number, parameters in
        NewFire(
          key: FireKey(project: "shop", job: job, fire: Instant(microseconds: Int64(number + 1))),
          interval: nil,
          parameters: parameters)
      }
      func insert() async throws -> Int {
        try await store.insertFires(
          fires, project: "shop", job: job, consideredUntil: Instant(microseconds: 3))
      }
      #expect(try await insert() == 3)
      for (day, fire) in fires.enumerated() {
        let owner = try await store.begin(.sample(day: Int64(day), fire: fire.key))
        try await store.move(
          owner, RunMove(to: .cancelled, event: EventDraft("cancelled"), fireOutcome: .cancelled))
        try await store.release(owner)
      }
      let end = Instant(microseconds: .max)
      let counts = try await store.purge(
        project: "shop", job: job, runsBefore: end, quarantineBefore: end)
      #expect(counts.runs == 3 && counts.fires == 1)
      #expect(try await insert() == 1)
      let kept = try await store.fires(
        project: "shop", job: job, in: TimeRange(start: Instant(microseconds: 2), end: end))
      #expect(kept.map(\.outcome) == [.cancelled, .cancelled] && kept.allSatisfy { $0.run == nil })
    }
  }

  /// Failures in a row are counted with those that had no run, and none goes before a success ends the row.
  @Test(arguments: StoreKind.allCases) func failuresInARowStay(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let job = JobName("daily")
      func purge(_ outcomes: [FireOutcome]) async throws -> [Int64] {
        for (number, outcome) in outcomes.enumerated() {
          let key = FireKey(project: "shop", job: job, fire: Instant(microseconds: Int64(number + 1)))
          try await world.store.insertFires(
            [NewFire(key: key, interval: nil, outcome: outcome)], project: "shop", job: job,
            consideredUntil: Instant(microseconds: 9))
          world.clock.advance(.seconds(1))
        }
        let end = Instant(microseconds: .max)
        _ = try await world.store.purge(project: "shop", job: job, runsBefore: end, quarantineBefore: end)
        return try await world.store.fires(
          project: "shop", job: job, in: TimeRange(start: Instant(microseconds: 0), end: end)
        ).map(\.key.fire.microseconds)
      }
      let kept = try await purge([.failedToStart, .alreadyDone, .superseded, .failedToStart, .superseded])
      #expect(kept == [2, 4, 5])
      let last = try await purge(Array(repeating: .superseded, count: 5) + [.alreadyDone])
      #expect(last == [6])
    }
  }

  /// A process that died between the end of its run and its release has left the lock's file.
  @Test func lockFilesThatWereLeftGo() async throws {
    try await withStore(.sqlite) { world in
      let store = world.store
      let (over, open) = (try await store.begin(), try await store.begin(.sample(day: 1)))
      let ending = try await store.begin(.sample(day: 2))
      for owner in [over, ending] { try await store.move(owner, through: .cancelled) }
      for owner in [over, open] { owner.unlock() }
      let never = Instant(microseconds: 0)
      _ = try await store.purge(
        project: "shop", job: JobName("daily"), runsBefore: never, quarantineBefore: never)
      guard case .lockFiles(let locks) = store.owners else { throw Unexpected() }
      #expect(Set(try locks.runs()) == [open.run, ending.run])
      try await store.release(ending)
      #expect(try locks.runs() == [open.run])
    }
  }
}
