import Model
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
        try world.job("schedule: {cron: \"\(cron)\", catch_up: all, if_running: queue_all}")
      }
      try await world.tick(try job(before))
      world.clock.set(looked)
      try await world.tick(try job(before))
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

  @Test func aJobThatIsGivenAClockHasNoPast() async throws {
    try await withScheduleWorld { world in
      let trigger = "trigger: {file: in.flag}"
      try await world.tick(try world.job("interval: {span: day}\nschedule: {\(trigger)}"))
      world.clock.set(4.5)
      let edited = try world.job(
        "interval: {span: day}\nschedule: {cron: \"0 * * * *\", \(trigger)}")
      try await world.tick(edited)
      world.clock.set(5)
      try await world.tick(edited)
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
