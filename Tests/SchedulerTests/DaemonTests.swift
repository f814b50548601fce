import Model
import StateStore
import Synchronization
import Testing

@testable import Scheduler

/// The daemon on a hand clock: each pass is driven by the test, so nothing sleeps.
@Suite struct DaemonTests {
  private static let hourly = "schedule: {cron: \"0 * * * *\", catch_up: all, if_running: queue_all}"

  private func daemon(_ world: ScheduleWorld, _ jobs: [ScheduledJob]) async throws -> Driven {
    let starts = Counter()
    let daemon = SchedulerDaemon(
      parts: .init(clerk: world.clerk, execution: world.execution), parallelism: 2, now: world.now
    ) { event in
      if case .started = event { starts.add() }
    }
    try await daemon.update(jobs)
    return Driven(daemon: daemon, starts: starts)
  }

  private final class Counter: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock { $0 } }

    func add() { number.withLock { $0 += 1 } }
  }

  private struct Driven {
    var daemon: SchedulerDaemon
    var starts: Counter

    /// Passes until one starts nothing.
    func settle() async -> Instant? {
      while true {
        let before = starts.value
        let next = await daemon.pass()
        if starts.value == before { return next }
        await daemon.idle()
      }
    }
  }

  @Test func itSleepsUntilTheNextFireAndRunsIt() async throws {
    try await withScheduleWorld { world in
      let daemon = try await daemon(world, [try world.job(Self.hourly)])
      #expect(await daemon.settle() == ScheduleWorld.hours(1))
      for hour in 1...3 {
        world.clock.set(Double(hour))
        #expect(await daemon.settle() == ScheduleWorld.hours(Double(hour + 1)))
      }
      #expect(try await world.ledger() == ["1.0 ran", "2.0 ran", "3.0 ran"])
    }
  }

  @Test func afterASleepOfTheMachineEveryFireIsThere() async throws {
    try await withScheduleWorld { world in
      let daemon = try await daemon(world, [try world.job(Self.hourly)])
      _ = await daemon.settle()
      world.clock.set(3.5)
      _ = await daemon.settle()
      #expect(try await world.ledger() == ["1.0 caught_up", "2.0 caught_up", "3.0 caught_up"])
      // A clock that was put back brings nothing back.
      world.clock.set(1)
      #expect(await daemon.settle() == ScheduleWorld.hours(4))
      #expect(world.runner.log.count == 3)
    }
  }

  @Test func twoOfThemRunEachFireOnce() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      let (first, second) = (try await daemon(world, [job]), try await daemon(world, [job]))
      for hour in 0...5 {
        world.clock.set(Double(hour))
        async let one = first.settle()
        async let two = second.settle()
        _ = await (one, two)
      }
      #expect(try await world.ledger() == (1...5).map { "\(Double($0)) ran" })
      #expect(world.runner.log.count == 5)
    }
  }

  @Test func whatADeadOneLeftIsGoneOnWithInSeconds() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(Self.hourly)
      try await world.tick(job)
      world.clock.set(1)
      world.runner.expect(.dies)
      try await world.tick(job)
      let daemon = try await daemon(world, [job])
      _ = await daemon.settle()
      #expect(try await world.ledger() == ["1.0 ran"])
    }
  }

  @Test func newJobsAreTakenInAndOldOnesLetGo() async throws {
    try await withScheduleWorld { world in
      let daemon = try await daemon(world, [try world.job("a", Self.hourly)])
      _ = await daemon.settle()
      try await daemon.daemon.update([try world.job("b", "schedule: {cron: \"30 * * * *\"}")])
      #expect(await daemon.settle() == ScheduleWorld.hours(0.5))
      world.clock.set(1)
      _ = await daemon.settle()
      #expect(try await world.ledger("a").isEmpty)
      #expect(try await world.ledger("b") == ["0.5 caught_up"])
    }
  }

  @Test func itEndsWhenItIsToldTo() async throws {
    try await withScheduleWorld { world in
      let daemon = try await daemon(world, [try world.job(Self.hourly)])
      let beats = Mutex(0)
      let (began, hasBegun) = AsyncStream.makeStream(of: Void.self)
      let running = Task {
        await daemon.daemon.run {
          beats.withLock { $0 += 1 }
          hasBegun.yield()
        }
      }
      for await _ in began { break }
      running.cancel()
      await running.value
      #expect(beats.withLock { $0 } >= 1)
    }
  }
}
