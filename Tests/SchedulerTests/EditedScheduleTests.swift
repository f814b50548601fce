import Engine
import Model
import Runtime
import StateStore
import Testing

@testable import Scheduler

/// A schedule holds from the moment that somebody first looks at it.
@Suite struct EditedScheduleTests {
  @Test(arguments: [
    // Nothing is owed, and what the new schedule would have had before is nobody's.
    ("0 1 * * *", 1.0, "0 * * * *", ["1.0 ran", "5.0 ran"]),
    // What came due while nobody looked is owed, the rest is not.
    ("0 1,3 * * *", 0.0, "0 * * * *", ["1.0 caught_up", "3.0 caught_up", "5.0 ran"]),
  ])
  func anEditedScheduleHasNoPast(
    before: String, looked: Double, after: String, ledger: [String]
  ) async throws {
    try await withScheduleWorld { world in
      func job(_ cron: String) throws -> ScheduledJob {
        try world.job(ScheduleWorld.every(cron))
      }
      try await world.tick(try job(before))
      try await world.tick(at: looked, try job(before))
      world.clock.set(4.5)
      let edited = try job(after)
      func due() async throws -> [Instant] {
        let sighting = try await world.store.sightings(project: "shop").first
        return try await DuePreview(store: world.store, project: "shop", now: world.clock.now)
          .lines(edited, sighting).map(\.fire)
      }
      let foreseen = try await due()
      #expect(try await world.tick(edited).map(\.fire) == foreseen)
      #expect(try await world.ledger() == ledger.dropLast())
      world.clock.set(5)
      #expect(try await due() == [ScheduleWorld.hours(5)])
      try await world.tick(edited)
      #expect(try await world.ledger() == ledger)
    }
  }

  /// Each interval begins where the one before it ended, whichever of the two schedules made them: nothing is left out, and
  /// nothing made twice.
  @Test(arguments: [
    // Nothing is owed.
    ("*/30 * * * *", 0.5, 0.75, "0 * * * *", 1.0, ["0.0-0.5 ran", "0.5-1.0 ran"]),
    ("0 * * * *", 1, 1.75, "*/30 * * * *", 2, ["0.0-1.0 ran", "1.0-2.0 ran"]),
    // The old one owes some.
    (
      "*/30 * * * *", 0, 1.75, "0 */2 * * *", 2,
      ["0.0-0.5 caught_up", "0.5-1.0 caught_up", "1.0-1.5 caught_up", "1.5-2.0 ran"]
    ),
    ("0 * * * *", 0, 2.75, "*/30 * * * *", 3, ["0.0-1.0 caught_up", "1.0-2.0 caught_up", "2.0-3.0 ran"]),
    // One that no fire comes before.
    ("0 * * * *", 1, 1.25, "AT", 3, ["0.0-1.0 ran", "1.0-3.0 ran"]),
  ])
  func intervalsFromFireToFireGoOn(
    before: String, looked: Double, edited: Double, after: String, end: Double, entered: [String]
  ) async throws {
    try await withScheduleWorld { world in
      func job(_ cron: String) throws -> ScheduledJob {
        let due =
          cron == "AT" ? "at: \"\(ScheduleWorld.hours(end).text())\"" : "cron: \"\(cron)\""
        return try world.job("schedule: {\(due), catch_up: all, if_running: queue_all}")
      }
      func preview() async throws -> [String] {
        try await DuePreview(store: world.store, project: "shop", now: world.clock.now)
          .lines(try job(after), try await world.store.sightings(project: "shop").first)
          .map { ScheduleWorld.text($0.interval) }
      }
      for hour in Set([0, looked]).sorted() {
        try await world.tick(at: hour, try job(before))
      }
      for hour in [edited, end] {
        world.clock.set(hour)
        let foreseen = try await preview()
        let ran = try await world.tick(try job(after))
        #expect(ran.map { ScheduleWorld.text($0.interval) } == foreseen)
      }
      #expect(try await world.entered() == entered)
      #expect(
        world.runner.log == entered.map { "job \($0.prefix { $0 != "-" })" })
      let sighting = try #require(try await world.store.sightings(project: "shop").first)
      let holes = try await world.holes(of: try job(after), firstSeen: sighting.firstSeen)
      #expect(holes.isEmpty)
    }
  }

  @Test func byHandTheLatestIntervalIsTheLedgers() async throws {
    try await withScheduleWorld { world in
      func job(_ cron: String) throws -> ScheduledJob { try world.job("schedule: {cron: \"\(cron)\"}") }
      try await world.tick(try job("*/30 * * * *"))
      try await world.tick(at: 0.5, try job("*/30 * * * *"))
      let edited = try job("0 * * * *")
      for hour in [0.75, 1] {
        try await world.tick(at: hour, edited)
      }
      world.clock.set(1.2)
      #expect(
        try await world.hand.request(edited.request, row: "").choice == .range(ScheduleWorld.range(0.5, 1)))
      // One that is not in the ledger yet is by the schedule.
      world.clock.set(2)
      #expect(try await world.hand.request(edited.request, row: "").choice == .latest)
    }
  }

  @Test func whatWasBegunUnderTheOldScheduleGoesOn() async throws {
    try await withScheduleWorld { world in
      let before = try await world.seen(ScheduleWorld.every("*/30 * * * *"))
      world.runner.expect(.dies)
      try await world.tick(at: 1, before)
      #expect(try await world.entered() == ["0.0-0.5 claimed", "0.5-1.0 pending"])
      try await world.seen(ScheduleWorld.every("0 */2 * * *"))
      #expect(try await world.entered() == ["0.0-0.5 caught_up", "0.5-1.0 ran"])
    }
  }

  /// An older Tidemark began runs for what the schedule of the moment gave, and not for what their fires were entered with.
  @Test(arguments: [false, true])
  func whatAnOlderTidemarkHasBegunGoesOn(_ isByHand: Bool) async throws {
    try await withScheduleWorld { world in
      let before = try world.job("schedule: {cron: \"*/30 * * * *\", catch_up: all, if_running: queue_all}")
      try await world.tick(before)
      world.clock.set(1)
      let after = try world.job("schedule: {cron: \"0 * * * *\", catch_up: all, if_running: queue_all}")
      _ = try await FireEntry(store: world.store, project: "shop", now: world.now, warn: { _ in })
        .considered(seeing: [after])
      let fire = try #require(try await world.store.openFires(project: "shop").last)
      #expect(fire.interval == ScheduleWorld.range(0.5, 1))
      var request = after.request
      request.fire = fire.key
      request.choice = .fire(fire.key.fire, entered: ScheduleWorld.range(0, 1))
      world.runner.expect(.dies)
      await #expect(throws: Fault.self) { try await world.runner.run(request, matrixRowName: "") }
      if isByHand {
        let first = try #require(try await world.store.openFires(project: "shop").first)
        try await world.store.closeFire(first.key, as: .cancelled)
        #expect(
          try await world.hand.request(after.request, row: "").choice
            == .fire(fire.key.fire, entered: ScheduleWorld.range(0, 1)))
        return
      }
      try await world.tick(after)
      #expect(try await world.entered() == ["0.0-0.5 caught_up", "0.5-1.0 ran"])
      #expect(world.runner.log == ["job 0.0", "job 0.0", "job 0.0"])
    }
  }

  @Test func ofAHoleOnlyWhatIsOpenIsMadeAnew() async throws {
    try await withScheduleWorld { world in
      let before = try await world.seen(ScheduleWorld.every("*/30 * * * *"))
      try await world.tick(at: 0.5, before)
      let after = try await world.seen(ScheduleWorld.every("0 * * * *"))
      world.runner.expect(.fails)
      try await world.tick(at: 1, after)
      world.clock.set(1.5)
      let holes = try await world.holes(of: after)
      #expect(holes.map(\.interval) == [ScheduleWorld.range(0.5, 1)] && holes.map(\.outcome) == [.failed])
      let plan = try await BackfillPlan(
        after.request, row: "", range: ScheduleWorld.start..<ScheduleWorld.hours(2), only: .missing,
        store: world.store, now: world.clock.now, zones: .system)
      #expect(plan.items.map(\.interval) == [ScheduleWorld.range(0.5, 1)])
    }
  }

  @Test func aJobThatIsGivenAClockHasNoPast() async throws {
    try await withScheduleWorld { world in
      let trigger = "trigger: {file: in.flag}"
      try await world.tick(try world.job("interval: {span: day}\nschedule: {\(trigger)}"))
      world.clock.set(4.5)
      let edited = try await world.seen(
        "interval: {span: day}\nschedule: {cron: \"0 * * * *\", \(trigger)}")
      try await world.tick(at: 5, edited)
      #expect(try await world.ledger() == ["5.0 ran"])
    }
  }

  /// A fire that is not due yet, by the job's jitter, is not of the past.
  @Test func whatAnEditMeetsAmidItsJitterComesDue() async throws {
    try await withScheduleWorld { world in
      func job(_ hours: String) throws -> ScheduledJob {
        try world.job("schedule: {cron: \"0 \(hours) * * *\", jitter: 30m}")
      }
      let jitter = try job("1").ledger.jitter
      #expect(jitter > .seconds(1))
      try await world.tick(try job("1"))
      world.clock.set(1)
      world.clock.advance(jitter / 2)
      #expect(try await world.tick(try job("1,5")).isEmpty)
      world.clock.advance(jitter / 2 + .seconds(1))
      try await world.tick(try job("1,5"))
      #expect(try await world.ledger() == ["1.0 ran"])
    }
  }
}
