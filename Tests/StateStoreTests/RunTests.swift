import Model
@testable import StateStore
import Testing

@Suite struct RunTests {
  @Test(arguments: StoreKind.allCases)
  func oneUnfinishedRunPerIdentity(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      guard case .created(let first) = try await world.store.openRun(.sample()) else { throw Unexpected() }
      guard case .unfinished(let same) = try await world.stranger().openRun(.sample()) else {
        throw Unexpected()
      }
      #expect(same.id == first.id)
      #expect(same.state == .planned && same.revision == 1 && same.identity == .sample())
      guard case .created(let other) = try await world.store.openRun(.sample(day: 1)) else {
        throw Unexpected()
      }
      #expect(other.id != first.id)
      #expect(try await world.store.unfinishedRun(of: .sample())?.id == first.id)
      #expect(try await world.store.unfinishedRun(of: .sample(day: 2)) == nil)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func aSuccessIsNotRunAgainUnlessAskedFor(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let first = try await store.begin()
      try await store.move(first, through: .running, .merging, .prepared, .publishing, .succeeded)
      try await store.release(first)
      guard case .succeeded(let done) = try await store.openRun(.sample()) else { throw Unexpected() }
      #expect(done.id == first.run && done.finishedAt != nil)
      guard case .over(.succeeded) = try await store.claim(first.run) else { throw Unexpected() }

      guard case .created(let second) = try await store.openRun(.sample(again: true)) else {
        throw Unexpected()
      }
      #expect(second.revision == 2)
      guard case .unfinished = try await store.openRun(.sample()) else { throw Unexpected() }
      #expect(try await store.succeededRun(of: .sample())?.id == first.run)
    }
  }

  /// Some stores hold a revision whose rest was given up, and others the success before it.
  @Test(arguments: StoreKind.allCases)
  func aSuccessBeforeAHalfIsNoSuccess(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      func covered() async throws -> Int {
        let always = TimeRange(start: Instant(microseconds: 0), end: Instant(microseconds: .max))
        return try await store.succeededIntervals(
          project: "shop", job: JobName("daily"), matrixRow: "", in: always
        ).count
      }
      func succeed(_ new: NewRun) async throws -> RunID {
        let run = try await store.begin(new)
        try await store.move(run, through: .running, .merging, .prepared, .publishing, .succeeded)
        try await store.release(run)
        return run.run
      }
      func isHalf(_ run: RunID) async throws -> Bool {
        try await store.isHalf(#require(try await store.run(run)))
      }
      let first = try await succeed(.sample())
      let half = try await store.begin(.sample(again: true))
      try await store.move(half, through: .running, .merging, .prepared)
      try await store.markPrepared(
        [PreparedSink(sink: "a", resultHash: "h", rowCount: 2)], commitment: nil, for: half)
      try await store.move(half, through: .publishing)
      try await store.markCommitted(sinks: ["a"], for: half)
      try await store.move(half, through: .interrupted)
      #expect(try await covered() == 1)
      #expect(try await !isHalf(half.run))
      var end = RunMove(to: .cancelled, event: EventDraft("run_cancelled"))
      end.givesUpRest = true
      try await store.move(half, end)
      try await store.release(half)
      #expect(try await covered() == 0)
      #expect(try await isHalf(half.run))
      #expect(try await !isHalf(first))
      guard case .created(let third) = try await store.openRun(.sample()) else { throw Unexpected() }
      #expect(third.revision == 3)
      let owner = try await store.own(third.id)
      try await store.move(owner, through: .running, .merging, .prepared, .publishing, .succeeded)
      #expect(try await covered() == 1)
      #expect(try await !isHalf(half.run))
      guard case .succeeded(let done) = try await store.openRun(.sample()) else { throw Unexpected() }
      #expect(done.id == third.id)
      // What was given up before anything was published is forgotten.
      let ended = try await store.begin(.sample(again: true))
      try await store.move(ended, through: .cancelled)
      #expect(try await covered() == 1)
      #expect(try await !isHalf(ended.run))
    }
  }

  /// A run that is given up amid its chunks leaves those that it has published.
  @Test(arguments: StoreKind.allCases, [true, false])
  func chunksOfAGivenUpRunAreAHalf(_ kind: StoreKind, _ isPrepared: Bool) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let first = try await store.begin()
      try await store.move(first, through: .running, .merging, .prepared, .publishing, .succeeded)
      try await store.release(first)
      let half = try await store.begin(.sample(again: true))
      try await store.move(half, through: .running)
      for hash in isPrepared ? ["", "h"] : [""] {
        let more = hash.isEmpty ? [] : [JSONValue.Member("more", .boolean(true))]
        try await store.markPrepared(
          [
            PreparedSink(
              sink: "a", resultHash: hash, rowCount: 0, details: .object([SinkMark.byChunk] + more)),
            PreparedSink(sink: "b", resultHash: hash, rowCount: 0),
          ], commitment: nil, for: half)
      }
      try await store.move(half, through: .cancelled)
      try await store.release(half)
      #expect(try await store.isHalf(#require(try await store.run(half.run))))
      #expect(try await store.sinkMarks(of: half.run).map { $0.committedAt != nil } == [true, false])
      let always = TimeRange(start: Instant(microseconds: 0), end: Instant(microseconds: .max))
      let covered = try await store.succeededIntervals(
        project: "shop", job: JobName("daily"), matrixRow: "", in: always)
      #expect(covered.isEmpty)
      guard case .created(let third) = try await store.openRun(.sample()) else { throw Unexpected() }
      #expect(third.revision == 3)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func whereAProjectStands(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let failed = try await store.begin(.sample(day: 0))
      try await store.move(failed, RunMove(to: .failed, event: EventDraft("failed")))
      try await store.release(failed)
      var newest: [RunID] = []
      for (job, day) in [("daily", 1), ("other", 0), ("daily", 2)] as [(String, Int64)] {
        world.clock.advance(.seconds(1))
        let run = try await store.begin(.sample(job, day: day))
        try await store.move(run, through: .running, .merging, .prepared, .publishing, .succeeded)
        try await store.release(run)
        newest.append(run.run)
      }
      let project = RunIdentity.sample().project
      // The failure of day 0 is not hidden by later successes, the success of day 1 is.
      #expect(
        try await store.standingRuns(project: project, job: nil).map(\.id)
          == [newest[2], newest[1], failed.run])
      #expect(
        try await store.standingRuns(project: project, job: JobName("other")).map(\.id) == [newest[1]])
      #expect(try await store.standingRuns(project: "another", job: nil).isEmpty)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func everythingOfARunComesBack(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let parameters = ["b": "ü|=&\\", "a": "it's \"x\"\n"]
      let new = NewRun(
        identity: .sample(parameters: parameters), jobHash: "abc",
        settings: .object([.init("parallelism", .integer(4))]), pool: "nightly", replayOf: RunID("r0"))
      let ownership = try await world.store.begin(new)
      let fault = Fault(
        "too_bad", .data, "It is bad", place: Place(file: "a.yaml", line: 3, column: 4), cause: "So",
        hint: "Mend it", isTransient: true)
      try await world.store.move(
        ownership, RunMove(to: .failed, event: EventDraft("failed"), fault: fault, receipt: .array([.null])))
      let run = try #require(try await world.stranger().run(ownership.run))
      #expect(run.identity == new.identity && run.jobHash == "abc" && run.settings == new.settings)
      #expect(run.pool == "nightly" && run.replayOf == RunID("r0") && run.fingerprint == nil)
      #expect(run.fault == fault && run.failures == 1 && run.state == .failed && run.finishedAt == nil)
      if kind == .sqlite {
        #expect(run.owner?.since == world.clock.now && run.createdAt == world.clock.now)
      }
      #expect(try await world.store.receipt(of: run.id) == .array([.null]))
      #expect(try await world.store.run(RunID("nobody")) == nil)
      let attempts = try await world.store.attempts(of: run.id)
      #expect(attempts.map(\.endState) == [.failed] && attempts[0].fault == fault)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func listsByEveryFilter(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let old = try await store.begin(.sample("a"))
      try await store.move(old, through: .cancelled)
      world.clock.advance(.seconds(60))
      let new = try await store.begin(.sample("b"))
      func ids(_ filter: RunFilter) async throws -> [RunID] { try await store.runs(filter).map(\.id) }
      #expect(try await ids(RunFilter()) == [new.run, old.run])
      #expect(try await ids(RunFilter(job: JobName("a"))) == [old.run])
      #expect(try await ids(RunFilter(project: "other")) == [])
      #expect(try await ids(RunFilter(states: [.cancelled, .failed])) == [old.run])
      #expect(try await ids(RunFilter(states: [.planned])) == [new.run])
      #expect(try await ids(RunFilter(isUnfinished: true)) == [new.run])
      #expect(try await ids(RunFilter(limit: 1)) == [new.run])
      if kind == .sqlite {
        #expect(try await ids(RunFilter(createdSince: world.clock.now)) == [new.run])
      }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func supersedingKeepsOneOpenRunAndItsFires(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      let key = FireKey(project: "shop", job: JobName("daily"), fire: Instant(microseconds: 5))
      try await store.insertFires(
        [NewFire(key: key, interval: nil)], project: "shop", job: JobName("daily"), consideredUntil: key.fire)
      let old = try await store.begin(.sample(fire: key))
      let next = try await store.supersede(old, by: .sample(), event: EventDraft("superseded"))
      #expect(next.revision == 1 && next.state == .planned && next.id != old.run)
      // The answer may have been lost.
      #expect(try await store.supersede(old, by: .sample(), event: EventDraft("superseded")).id == next.id)
      #expect(try await store.run(old.run)?.state == .superseded)
      #expect(try await store.fires(of: next.id).map(\.key) == [key])
      #expect(try await store.unfinishedRun(of: .sample())?.id == next.id)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func serialsFollowUnfinishedRuns(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let identity = RunIdentity(
        project: "shop", job: JobName("adhoc"), matrixRow: "", interval: nil, parameters: ["a": "1"])
      var new = NewRun(identity: identity, jobHash: "")
      new.takesSerial = true
      let first = try await world.store.begin(new)
      #expect(try await world.store.run(first.run)?.identity.serial == 1)
      guard case .unfinished(let same) = try await world.stranger().openRun(new) else { throw Unexpected() }
      #expect(same.id == first.run)
      try await world.store.move(first, through: .cancelled)
      let second = try await world.store.begin(new)
      #expect(try await world.store.run(second.run)?.identity.serial == 2)
      let raised = try await world.store.raiseSerial(second, to: 7)
      #expect(raised.identity.serial == 7)
      #expect(try await world.store.unfinishedRun(of: raised.identity)?.id == second.run)
      try await world.store.move(second, through: .cancelled)
      let third = try await world.store.begin(new)
      #expect(try await world.store.run(third.run)?.identity.serial == 8)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func successesCoverIntervals(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      // The first and the last are begun when the last has not ended, which it has not when it is read either; the second
      // one is begun before its end, and read behind it.
      for (day, begun) in [(0, 5), (1, 1), (2, 5), (100_000, 5)] as [(Int64, Int)] {
        var new = NewRun.sample(day: day)
        new.settings = .object([.init("fire_time", .integer(begun * 86_400_000_000))])
        let run = try await world.store.begin(new)
        if day == 2 { continue }
        try await world.store.move(run, through: .running, .merging, .prepared, .publishing, .succeeded)
      }
      let all = TimeRange(start: Instant(microseconds: 0), end: Instant(microseconds: .max))
      let covered = try await world.store.succeededIntervals(
        project: "shop", job: JobName("daily"), matrixRow: "", in: all)
      #expect(covered.map { $0.start.microseconds / 86_400_000_000 } == [0, 1])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func cancelRequestsReachTheOwner(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let ownership = try await world.store.begin()
      #expect(try await world.store.cancelRequest(for: ownership.run) == nil)
      let asked = try await world.stranger().requestCancel(ownership.run, by: "ops", reason: "wrong day")
      #expect(asked?.cancel?.by == "ops")
      _ = try await world.stranger().requestCancel(ownership.run, by: "late", reason: "")
      #expect(try await world.store.cancelRequest(for: ownership.run)?.reason == "wrong day")
      try await world.store.markPrepared(
        [PreparedSink(sink: "1:table", resultHash: "h", rowCount: 1)], commitment: nil, for: ownership)
      #expect(try await world.store.cancelRequest(for: ownership.run) != nil)
      try await world.store.markCommitted(sinks: ["1:table"], for: ownership)
      #expect(try await world.store.cancelRequest(for: ownership.run) == nil)
      #expect(try await world.store.requestCancel(RunID("nobody"), by: "ops", reason: "") == nil)
      _ = try await world.stranger().requestCancel(ownership.run, by: "ops", reason: "late")
      #expect(try await world.store.cancelRequest(for: ownership.run) == nil)
    }
  }

  /// Past the first commit a run's owner, and no heir of it, is asked to leave it to whoever gives up its rest.
  @Test(arguments: StoreKind.allCases)
  func anOwnerIsAskedToLeaveTheRest(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let ownership = try await world.store.begin()
      let run = ownership.run
      func ask(_ reason: String) async throws {
        _ = try await world.stranger().requestCancel(run, by: "ops", reason: reason, givingUpRest: true)
      }
      /// What the owner hears, and what stands for whoever might take the run up.
      func asked() async throws -> [String?] {
        let record = try #require(try await world.store.run(run))
        return [
          try await world.store.cancelRequest(for: run)?.reason,
          try await world.store.restRequest(for: record)?.reason,
        ]
      }
      _ = try await world.stranger().requestCancel(run, by: "ops", reason: "at first")
      try await world.store.markPrepared(
        [PreparedSink(sink: "1:table", resultHash: "h", rowCount: 1)], commitment: nil, for: ownership)
      try await world.store.markCommitted(sinks: ["1:table"], for: ownership)
      #expect(try await asked() == [nil, nil])
      try await ask("gone")
      try await ask("asked again")
      #expect(try await asked() == ["gone", "gone"])
      try await world.store.release(ownership)
      #expect(try await asked() == [nil, "gone"])
      world.clock.advance(.seconds(1))
      _ = try await world.store.own(run)
      #expect(try await asked() == [nil, "gone"])
      try await ask("once more")
      #expect(try await asked() == ["once more", "once more"])
    }
  }

  @Test func longIdentitiesAreRefused() async throws {
    try await withStore(.sqlite) { world in
      let identity = RunIdentity.sample(parameters: ["a": String(repeating: "x", count: 3000)])
      await expectFault("identity_too_long") {
        _ = try await world.store.openRun(NewRun(identity: identity, jobHash: ""))
      }
    }
  }
}
