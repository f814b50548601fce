import Engine
import Model
import Runtime
import StateStore
import Synchronization
import Testing

@testable import Scheduler

@Suite struct PastTests {
  private static let hourly = ScheduleWorld.hourly

  private func plan(
    _ world: ScheduleWorld, _ job: ScheduledJob, _ hours: Range<Double>, _ only: BackfillPlan.Only
  ) async throws -> BackfillPlan {
    try await BackfillPlan(
      job.request, row: "",
      range: ScheduleWorld.hours(hours.lowerBound)..<ScheduleWorld.hours(hours.upperBound), only: only,
      store: world.store, now: world.clock.now, zones: .system)
  }

  private func starts(_ plan: BackfillPlan) -> [Double] {
    plan.items.map { Double($0.interval.start.seconds - ScheduleWorld.start.seconds) / 3600 }
  }

  @Test func holesAreTheIntervalsWithoutASuccess() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      for (hour, end) in [(1.0, PretendRunner.End.succeeds), (2, .fails), (3, .cannotStart)] {
        world.clock.set(hour)
        world.runner.expect(end)
        try await world.tick(job)
      }
      world.clock.set(4.5)
      let holes = try await world.holes(of: job)
      #expect(holes.map(\.outcome) == [.failed, .failedToStart, nil])
      #expect(holes.map(\.interval.start) == [1, 2, 3].map { ScheduleWorld.hours($0) })
    }
  }

  @Test func aBackfillTakesWhatIsMissingFailedOrAll() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      for (hour, end) in [(1.0, PretendRunner.End.succeeds), (2, .fails)] {
        world.clock.set(hour)
        world.runner.expect(end)
        try await world.tick(job)
      }
      world.clock.set(3.5)
      #expect(starts(try await plan(world, job, -2..<9, .missing)) == [-2, -1, 1, 2])
      #expect(starts(try await plan(world, job, -2..<9, .failed)) == [1])
      let all = try await plan(world, job, 0..<9, .all)
      #expect(starts(all) == [0, 1, 2])
      #expect(all.items.map(\.isAgain) == [true, false, false])

      let told = Mutex([Int]())
      let reports = await Backfill(runner: world.runner, store: world.store, parallelism: 1).run([all]) {
        _, done in
        told.withLock { $0.append(done) }
      }
      #expect(reports.allSatisfy { $0.fault == nil })
      #expect(told.withLock { $0 } == [1, 2, 3])
      #expect(try await plan(world, job, 0..<9, .missing).items.isEmpty)
    }
  }

  @Test func aFailureDoesNotStopABackfillButAWrongJobDoes() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      world.clock.set(5)
      world.runner.expect(.succeeds, .fails, .succeeds, .cannotStart)
      let reports = await Backfill(runner: world.runner, store: world.store, parallelism: 1)
        .run([try await plan(world, job, 0..<5, .missing)]) { _, _ in }
      #expect(reports.map(\.fault?.code) == [nil, "division_by_zero", nil, "bad_parameter"])
    }
  }

  @Test func aJobWithoutScheduleHasThePiecesOfItsCalendar() async throws {
    try await withScheduleWorld { world in
      let scheduled = try world.job("interval: {span: day}\nschedule: {cron: \"0 5 * * *\"}")
      var request = scheduled.request
      request.job.schedule = nil
      world.clock.set(60)
      let plan = try await BackfillPlan(
        request, row: "", range: ScheduleWorld.start..<ScheduleWorld.hours(60), only: .missing,
        store: world.store, now: world.clock.now, zones: .system)
      #expect(plan.items.map(\.label) == ["2026-06-01", "2026-06-02"])
    }
  }

  @Test func commonTimeIsWhatBothHold() {
    func ranges(_ numbers: [Int64]) -> [TimeRange] {
      stride(from: 0, to: numbers.count, by: 2).map {
        TimeRange(start: Instant(microseconds: numbers[$0]), end: Instant(microseconds: numbers[$0 + 1]))
      }
    }
    for (left, right, both) in [
      ([Int64](), [Int64](), [Int64]()), ([0, 9], [], []), ([0, 9], [3, 4, 6, 12], [3, 4, 6, 9]),
      ([0, 2, 4, 6], [2, 4], []), ([0, 2, 4, 6], [1, 5], [1, 2, 4, 5]),
    ] {
      #expect(UpstreamReader.common(ranges(left), ranges(right)) == ranges(both))
      #expect(UpstreamReader.common(ranges(right), ranges(left)) == ranges(both))
    }
  }
}
