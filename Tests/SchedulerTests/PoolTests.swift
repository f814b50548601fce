import Model
import StateStore
import Testing

@testable import Scheduler

/// How many run at once, and which of them goes first.
@Suite struct PoolTests {
  @Test func aPoolOfOneRunsItsJobsOneByOne() async throws {
    try await withScheduleWorld { world in
      let keys = "limits: {pool: narrow}\n\(ScheduleWorld.hourly)"
      let (a, b) = (try world.job("a", keys), try world.job("b", keys))
      try await world.tick(a, b)
      #expect(try await world.tick(at: 2, a, b).map(\.outcome.isOpen) == [false, false, false, false])
      #expect(world.clock.now == ScheduleWorld.hours(2))
    }
  }

  @Test func inAPoolWhatHasWaitedLongestGoesNext() async throws {
    try await withScheduleWorld { world in
      let keys = "limits: {pool: narrow}\n\(ScheduleWorld.hourly)"
      let (a, b) = (try world.job("a", keys), try world.job("b", keys))
      try await world.tick(a, b)
      try await world.tick(at: 3, b, a)
      #expect(world.runner.log == ["a 0.0", "b 0.0", "a 1.0", "b 1.0", "a 2.0", "b 2.0"])
    }
  }

  @Test func theHighestPriorityGoesFirst() async throws {
    try await withScheduleWorld { world in
      let jobs = try [("a", 0), ("b", 7), ("c", -1)].map { name, priority in
        try world.job(name, "limits: {pool: narrow, priority: \(priority)}\n\(ScheduleWorld.hourly)")
      }
      let tick = Tick(clerk: world.clerk, execution: world.execution, parallelism: 1)
      _ = try await tick.run(jobs) { _ in }
      world.clock.set(1)
      _ = try await tick.run(jobs) { _ in }
      #expect(world.runner.log == ["b 0.0", "a 0.0", "c 0.0"])
    }
  }

  @Test(arguments: [
    ("limits: {pool: narrow}", 1), ("limits: {max_concurrent_runs: 2}", 2), ("limits: {}", 3),
  ])
  func runsAreBounded(limits: String, most: Int) async throws {
    try await withScheduleWorld { world in
      let job = try world.job("\(limits)\n\(ScheduleWorld.hourly)")
      var orders: [FireOrder] = []
      // Three rows of a matrix, as far as a bound is concerned.
      for row in ["a", "b", "c"] {
        let job = try world.row(row, of: job)
        var considered: Instant? = ScheduleWorld.start
        _ = try await world.store.recordFirstSighting(
          project: "shop", job: job.id.job, matrixRow: row, clock: job.clock, at: ScheduleWorld.start)
        world.clock.set(1)
        if case .run(let order) = try await world.shared.step(job, considered: &considered) {
          orders.append(order)
        }
      }
      #expect(orders.count == most)
      // A place that is given back is there again.
      if let first = orders.first { world.shared.finished(first) }
      var considered: Instant? = ScheduleWorld.start
      let last = try world.row("c", of: job)
      guard case .run = try await world.shared.step(last, considered: &considered) else {
        Issue.record("no place")
        return
      }
    }
  }
}
