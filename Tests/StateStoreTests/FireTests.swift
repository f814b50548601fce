import Model
import Runtime
@testable import StateStore
import Testing

@Suite struct FireTests {
  static let job = JobName("daily")

  static func key(_ fire: Int64) -> FireKey {
    FireKey(project: "shop", job: job, fire: Instant(microseconds: fire))
  }

  static func enter(_ fires: Range<Int64>, into store: Store) async throws -> Int {
    try await store.insertFires(
      fires.map { fire in
        NewFire(
          key: key(fire),
          interval: TimeRange(start: Instant(microseconds: fire - 1), end: Instant(microseconds: fire)))
      }, project: "shop", job: job, consideredUntil: Instant(microseconds: fires.upperBound - 1))
  }

  static let always = TimeRange(start: Instant(microseconds: .min), end: Instant(microseconds: .max))

  @Test(arguments: StoreKind.allCases)
  func theFirstSightingCounts(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let first = try await world.store.recordFirstSighting(
        project: "shop", job: Self.job, clock: .string("hourly"), at: Instant(microseconds: 10))
      #expect(first.firstSeen == Instant(microseconds: 10))
      let second = try await world.stranger().recordFirstSighting(
        project: "shop", job: Self.job, clock: .string("daily"), at: Instant(microseconds: 20))
      #expect(second == first && first.clock == .string("hourly"))
      #expect(try await Self.enter(11..<15, into: world.store) == 4)
      #expect(try await Self.enter(11..<13, into: world.store) == 0)
      let all = try await world.store.sightings(project: "shop")
      #expect(all.map(\.lastConsidered.microseconds) == [14])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func whatMakesAJobDueIsKeptWithHowFarItsLedgerGoes(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let store = world.store
      try await store.recordFirstSightings(
        project: "shop", [(Self.job, "", .string("hourly"))], at: Instant(microseconds: 10))
      func move(to moment: Int64, _ clock: JSONValue?) async throws -> [String] {
        try await store.insertFires([
          DueFireBatch(
            project: "shop", job: Self.job, matrixRow: "", fires: [],
            consideredUntil: Instant(microseconds: moment), clock: clock)
        ])
        return try await world.stranger().sightings(project: "shop").map {
          "\($0.firstSeen.microseconds) \($0.lastConsidered.microseconds) \($0.clock?.text ?? "-")"
        }
      }
      #expect(try await move(to: 20, nil) == ["10 20 \"hourly\""])
      #expect(try await move(to: 30, .string("daily")) == ["10 30 \"daily\""])
      // Whoever looks with an older clock of the host takes nothing back.
      #expect(try await move(to: 15, .string("weekly")) == ["10 30 \"weekly\""])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func eachFireIsEnteredOnce(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let other = try await world.stranger()
      let new = try await withThrowingTaskGroup(of: Int.self) { group in
        for start in 0..<6 as Range<Int64> {
          let store = start.isMultiple(of: 2) ? other : world.store
          group.addTask { try await Self.enter(start..<(start + 10), into: store) }
        }
        return try await group.reduce(0, +)
      }
      #expect(new == 15)
      let fires = try await world.store.fires(project: "shop", job: Self.job, in: Self.always)
      #expect(fires.map(\.key.fire.microseconds) == Array(0..<15))
      #expect(fires.allSatisfy { $0.outcome == .pending && $0.interval != nil })
      let some = TimeRange(start: Instant(microseconds: 3), end: Instant(microseconds: 5))
      #expect(try await world.store.fires(project: "shop", job: Self.job, in: some).count == 2)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func ofManySchedulersOneClaimsAFire(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      _ = try await Self.enter(1..<4, into: world.store)
      let other = try await world.stranger()
      let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<4 {
          let store = number.isMultiple(of: 2) ? other : world.store
          for fire in 1..<4 as Range<Int64> {
            group.addTask {
              switch try await store.openRun(.sample(day: fire, fire: Self.key(fire))) {
              case .created: "created"
              case .fireTaken: "taken"
              case .unfinished, .succeeded: "other"
              }
            }
          }
        }
        return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
      #expect(outcomes == ["created": 3, "taken": 9])
      let open = try await world.store.openFires(project: "shop")
      #expect(open.map(\.outcome) == [.claimed, .claimed, .claimed])
      #expect(Set(open.compactMap(\.run)).count == 3)
    }
  }

  @Test(arguments: StoreKind.allCases)
  func aFireHasOneOutcome(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      _ = try await Self.enter(1..<3, into: world.store)
      #expect(try await world.store.closeFire(Self.key(1), as: .paused, note: "by ops"))
      #expect(try await world.store.closeFire(Self.key(1), as: .ran) == false)
      #expect(try await world.store.closeFire(Self.key(9), as: .ran) == false)
      guard case .fireTaken(let taken) = try await world.store.openRun(.sample(fire: Self.key(1))) else {
        throw Unexpected()
      }
      #expect(taken.outcome == .paused && taken.note == "by ops" && taken.closedAt != nil)
      await expectFault("no_such_fire") {
        _ = try await world.store.openRun(.sample(fire: Self.key(9)))
      }
      #expect(try await world.store.unfinishedRun(of: .sample()) == nil)
      #expect(try await world.store.openFires(project: "shop").map(\.key) == [Self.key(2)])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func aSuccessByHandClosesTheFiresOfItsInterval(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let interval = try #require(RunIdentity.sample().interval)
      let first = interval.end.microseconds
      for fire in [first, first + 1] {
        try await world.store.insertFires(
          [NewFire(key: Self.key(fire), interval: interval)], project: "shop", job: Self.job,
          consideredUntil: Instant(microseconds: fire))
      }
      let owner = try await world.store.begin(.sample(fire: Self.key(first)))
      func closed(_ parameters: [String: String] = [:]) async throws -> Int {
        try await world.store.closeFires(coveredBy: owner.run, as: .ran, clockParameters: parameters)
      }
      #expect(try await closed() == 0)
      try await world.store.move(owner, through: .running, .merging, .prepared, .publishing, .succeeded)
      // With other parameters than the clock's runs have it has closed its own fire only.
      #expect(try await closed(["minimum": "1"]) == 1)
      #expect(try await closed() == 1)
      #expect(try await closed() == 0)
      #expect(try await world.store.fires(of: owner.run).map(\.outcome) == [.ran, .ran])
    }
  }

  @Test(arguments: StoreKind.allCases)
  func aRunClosesNoFireThatCameAfterItWasBegun(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      let run = try #require(try await world.store.run(owner.run))
      world.clock.advance(.seconds(1))
      // Further than a look at two clocks may take.
      let (before, after) = (
        run.createdAt.advanced(by: .seconds(-60)), run.createdAt.advanced(by: .seconds(60))
      )
      for fire in [before, after] {
        try await world.store.insertFires(
          [NewFire(key: Self.key(fire.microseconds), interval: run.identity.interval)], project: "shop",
          job: Self.job, consideredUntil: fire)
      }
      try await world.store.move(owner, through: .running, .merging, .prepared, .publishing, .succeeded)
      #expect(try await world.store.closeFires(coveredBy: owner.run, as: .ran, clockParameters: [:]) == 1)
      #expect(
        try await world.store.openFires(project: "shop").map(\.key.fire) == [after])
      // A replay takes over the rows of the run before it.
      world.clock.advance(.seconds(60))
      var new = NewRun.sample(again: true)
      new.replayOf = owner.run
      let replay = try await world.store.begin(new)
      let record = try #require(try await world.store.run(replay.run))
      #expect(try await !world.store.hasSeen(Self.key(after.microseconds), record))
    }
  }

  /// A fire that goes on with a run that somebody has begun before it came. What a trigger tells of may have an earlier
  /// time: that at which a load began.
  @Test(arguments: StoreKind.allCases, [(true, 60), (false, 60), (true, -60), (false, -60)])
  func aRunGivesFiresBackThatItHasNotSeen(
    _ kind: StoreKind, _ fire: (isReadAnew: Bool, behind: Int)
  ) async throws {
    let (isReadAnew, behind) = fire
    let parameters: [String: String]? = behind < 0 ? [:] : nil
    try await withStore(kind) { world in
      let store = world.store
      let first = try await store.begin()
      let run = try #require(try await store.run(first.run))
      try await store.move(first, through: .running)
      if !isReadAnew { try await store.checkpoint(.sample(0), for: first) }
      try await store.move(first, through: .failed)
      try await store.release(first)
      world.clock.advance(.seconds(1))
      let fire = Self.key(run.createdAt.advanced(by: .seconds(behind)).microseconds)
      try await store.insertFires(
        [NewFire(key: fire, interval: run.identity.interval, parameters: parameters)], project: "shop",
        job: Self.job, consideredUntil: fire.fire)
      world.clock.advance(.seconds(1))
      guard case .unfinished = try await store.openRun(.sample(fire: fire)) else { throw Unexpected() }
      let second = try await store.own(first.run)
      try await store.move(second, through: .running)
      try await store.checkpoint(.sample(1), for: second)
      try await store.move(second, through: .merging, .prepared, .publishing)
      try await store.move(
        second, RunMove(to: .succeeded, event: EventDraft("succeeded"), fireOutcome: .ran))
      let ledger = try await store.fires(project: "shop", job: Self.job, in: Self.always)
      #expect(ledger.map(\.outcome) == [isReadAnew ? .ran : .pending])
      #expect(ledger.map(\.run) == [isReadAnew ? first.run : nil])
      let record = try #require(try await store.run(first.run))
      #expect(try await store.hasSeen(fire, record) == isReadAnew)
      #expect(try await store.closeFire(fire, madeBy: record) == false)
    }
  }

  /// By a clock that was put back a run may begin before the fire that it is made for.
  @Test func aRunHasSeenTheFireThatItIsMadeFor() async throws {
    try await withStore(.sqlite) { world in
      world.clock.advance(.seconds(3700))
      let fire = Self.key(world.clock.now.microseconds)
      try await world.store.insertFires(
        [NewFire(key: fire, interval: RunIdentity.sample().interval)], project: "shop", job: Self.job,
        consideredUntil: fire.fire)
      world.clock.advance(.seconds(-3700))
      let owner = try await world.store.begin(.sample(fire: fire))
      try await world.store.move(owner, through: .running, .merging, .prepared, .publishing)
      try await world.store.move(
        owner, RunMove(to: .succeeded, event: EventDraft("succeeded"), fireOutcome: .ran))
      let ledger = try await world.store.fires(project: "shop", job: Self.job, in: Self.always)
      #expect(ledger.map(\.outcome) == [.ran])
    }
  }

  /// The state's clock goes an hour before the host's, or after it: a fire's time is compared by the host's.
  @Test(arguments: StoreKind.allCases, [-3600, 3600])
  func clocksThatDisagreeMakeNoDifference(_ kind: StoreKind, _ ahead: Int) async throws {
    try await withStore(kind) { world in
      let owner = try await world.store.begin()
      let record = try #require(try await world.store.run(owner.run))
      let clock = world.clock
      let host = world.store.hosted {
        (kind == .sqlite ? clock.now : SystemClock.now).advanced(by: .seconds(ahead))
      }
      for (seconds, isSeen) in [(ahead - 60, true), (ahead + 60, false)] {
        let fire = Self.key(record.createdAt.advanced(by: .seconds(seconds)).microseconds)
        #expect(try await host.hasSeen(fire, record) == isSeen)
      }
    }
  }

  @Test(arguments: StoreKind.allCases)
  func pausesAreRemembered(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let until = Instant(microseconds: 99)
      let pause = try await world.store.pause(
        project: "shop", job: Self.job, until: until, reason: "migration", by: "ops")
      #expect(pause.until == until && pause.reason == "migration")
      _ = try await world.stranger().pause(project: "shop", job: Self.job, until: nil, reason: "x", by: "y")
      let pauses = try await world.store.pauses(project: "shop")
      #expect(pauses.map(\.reason) == ["x"] && pauses[0].until == nil)
      #expect(try await world.store.unpause(project: "shop", job: Self.job, by: "ops"))
      #expect(try await world.store.unpause(project: "shop", job: Self.job, by: "ops") == false)
      let trail = try await world.store.events(since: Instant(microseconds: 0), limit: 10)
      #expect(trail.map(\.name) == ["unpaused", "paused", "paused"])
      #expect(trail.allSatisfy { $0.subject == "shop/daily" })
    }
  }

  /// Whoever waits for an interval does so since the oldest of the fires that have given way, one to the next.
  @Test(arguments: StoreKind.allCases)
  func theOldestFireThatHasGivenWay(_ kind: StoreKind) async throws {
    try await withStore(kind) { world in
      let day = TimeRange(start: Instant(microseconds: 0), end: Instant(microseconds: 10))
      let other = TimeRange(start: Instant(microseconds: -10), end: Instant(microseconds: 0))
      let fires: [(Int64, TimeRange, FireOutcome, [String: String]?)] = [
        (10, day, .superseded, nil), (11, day, .superseded, ["shop": "acme"]), (12, day, .notReady, nil),
        (13, other, .superseded, nil), (14, day, .superseded, nil), (15, day, .outsideWindow, nil),
        (16, other, .notReady, nil), (17, day, .superseded, nil), (18, day, .pending, nil),
        (19, day, .pending, ["shop": "acme"]), (20, other, .pending, nil), (21, day, .pending, nil),
      ]
      try await world.store.insertFires(
        fires.map {
          NewFire(key: Self.key($0.0), interval: $0.1, outcome: $0.2, parameters: $0.3)
        }, project: "shop", job: Self.job, consideredUntil: Instant(microseconds: 21))
      let oldest = Dictionary(
        uniqueKeysWithValues: try await world.store.oldestGivenWay(
          project: "shop", job: Self.job, matrixRow: ""
        ).map { ($0.key.microseconds, $0.value.key.fire.microseconds) })
      // For the last one, the one before it is not over yet.
      #expect(oldest == [18: 14, 19: 11])
    }
  }
}
