import Model
import StateStore
import Synchronization
import Testing

@testable import Scheduler

/// The daemon on a hand clock: each pass is driven by the test, so nothing sleeps.
@Suite struct DaemonTests {
  private static let hourly = ScheduleWorld.hourly

  private func daemon(
    _ world: ScheduleWorld, _ jobs: [ScheduledJob], parallelism: Int = 2
  ) async throws -> Driven {
    let starts = Counter()
    let daemon = SchedulerDaemon(
      parts: .init(clerk: world.clerk, execution: world.execution), parallelism: parallelism, now: world.now
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

  /// The clock jumps while the daemon goes on, by so many seconds, and is set right again half a day later: no slot
  /// is run twice, none is lost, and the daemon sleeps until a time that is still to come.
  @Test(arguments: [1, 288, 300, 3600, 10_860, 86_400, -1, -288, -300, -3600, -10_860, -86_400])
  func aClockThatJumps(_ seconds: Int) async throws {
    try await withScheduleWorld { world in
      let daemon = try await daemon(world, [try world.job(Self.hourly)])
      func settle() async {
        let next = await daemon.settle()
        #expect(next.map { $0 > world.clock.now } == true)
      }
      await settle()
      for step in 1...160 {
        world.clock.advance(.seconds(1800))
        if step == 61 { world.clock.advance(.seconds(seconds)) }
        if step == 85 { world.clock.advance(.seconds(-seconds)) }
        await settle()
      }
      let ledger = try await world.ledger()
      #expect(ledger.map { $0.split(separator: " ")[0] } == (1...80).map { "\(Double($0))" })
      #expect(ledger.allSatisfy { $0.hasSuffix(" ran") || $0.hasSuffix(" caught_up") }, "\(ledger)")
      #expect(world.runner.log.count == 80)
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

  /// A reload finds another schedule: what the one before it would have made due by then is there, and no more.
  @Test func anEditedScheduleBeginsWithTheReload() async throws {
    try await withScheduleWorld { world in
      let daemon = try await daemon(world, [try world.job("schedule: \"0 1,3 * * *\"")])
      _ = await daemon.settle()
      world.clock.set(1)
      _ = await daemon.settle()
      world.clock.set(3.2)
      let edited = try world.job("schedule: {cron: \"*/30 * * * *\", catch_up: all}")
      try await daemon.daemon.update([edited])
      #expect(await daemon.settle() == ScheduleWorld.hours(3.5))
      #expect(try await world.ledger() == ["1.0 ran", "3.0 caught_up"])
    }
  }

  /// While the fire of the first hour runs, that of the second comes.
  @Test(arguments: [
    ("skip", ["1.0 ran", "2.0 skipped_running"]), ("queue_all", ["1.0 ran", "2.0 ran"]),
    ("queue_one", ["1.0 ran", "2.0 ran"]), ("cancel_other", ["1.0 cancelled", "2.0 ran"]),
  ])
  func aFireThatComesWhileAnotherRunsIsDecidedAtOnce(policy: String, ledger: [String]) async throws {
    try await withScheduleWorld { world in
      let job = try world.job("schedule: {cron: \"0 * * * *\", catch_up: none, if_running: \(policy)}")
      let daemon = try await daemon(world, [job])
      world.clock.set(1)
      world.runner.close()
      _ = await daemon.daemon.pass()
      await world.runner.arrival()
      world.clock.set(2)
      _ = await daemon.daemon.pass()
      // Looking once more while it runs changes nothing.
      _ = await daemon.daemon.pass()
      #expect(daemon.starts.value == 1)
      world.clock.set(2.5)
      world.runner.open()
      await daemon.daemon.idle()
      _ = await daemon.settle()
      #expect(try await world.ledger() == ledger)
    }
  }

  /// Whatever it waits for, a fire that was seen in time has not been missed.
  @Test func whatFindsNoPlaceIsNotMissed() async throws {
    try await withScheduleWorld { world in
      func job(_ name: String, _ priority: Int) throws -> ScheduledJob {
        try world.job(
          name,
          """
          limits: {priority: \(priority)}
          schedule: {cron: "0 * * * *", catch_up: none, if_running: skip}
          """)
      }
      let jobs = [try job("a", 0), try job("b", 0), try job("c", 5), try job("d", 0)]
      let daemon = try await daemon(world, jobs, parallelism: 1)
      world.clock.set(1)
      world.runner.close()
      _ = await daemon.daemon.pass()
      await world.runner.arrival()
      for hour in [1.5, 2, 2.5] {
        world.clock.set(hour)
        _ = await daemon.daemon.pass()
      }
      #expect(daemon.starts.value == 1)
      world.runner.open()
      await daemon.daemon.idle()
      _ = await daemon.settle()
      for name in ["a", "b", "d"] {
        #expect(try await world.ledger(name).first == "1.0 ran", "\(name)")
      }
      #expect(world.runner.log.first == "c 0.0")
      #expect(world.runner.log.dropFirst().prefix(3) == ["a 0.0", "b 0.0", "d 0.0"])
    }
  }

  @Test func inAPoolWhatHasWaitedLongestGoesNext() async throws {
    try await withScheduleWorld { world in
      let keys = "limits: {pool: narrow}\n\(Self.hourly)"
      let daemon = try await daemon(world, [try world.job("b", keys), try world.job("a", keys)])
      _ = await daemon.settle()
      world.clock.set(3)
      _ = await daemon.settle()
      #expect(world.runner.log == ["a 0.0", "b 0.0", "a 1.0", "b 1.0", "a 2.0", "b 2.0"])
    }
  }

  @Test func itEndsWhenItIsToldTo() async throws {
    try await withScheduleWorld { world in
      let daemon = try await daemon(world, [try world.job(Self.hourly)])
      let beats = Mutex(0)
      let (began, hasBegun) = AsyncStream.makeStream(of: Void.self)
      let running = Task {
        try await daemon.daemon.run {
          beats.withLock { $0 += 1 }
          hasBegun.yield()
        }
      }
      for await _ in began { break }
      running.cancel()
      try await running.value
      #expect(beats.withLock { $0 } >= 1)
    }
  }
}
