import Engine
import JobFiles
import Model
import Seeds
import StateStore
import Testing

@testable import Scheduler

/// How often a tick looks at the jobs of a project, and that nobody is forgotten.
@Suite struct LookTests {
  /// What a look at one job asks the state.
  private static let look = "outcome IN ('pending', 'claimed') AND project = $1 AND job = $2"
  private static let many = 40

  /// Looks grow with the jobs that wait and with the runs, and not with the one times the other.
  @Test(arguments: ["after", "pool", "claimed"]) func thoseThatWaitAreNotLookedAtAfterEachRun(
    of what: String
  ) async throws {
    try await withScheduleWorld { world in
      let (world, count) = world.counting()
      let due = try (1...Self.many).map { try world.job("b\($0)", ScheduleWorld.hourly) }
      let keys =
        switch what {
        case "after": "schedule: {cron: \"0 * * * *\", after: {jobs: [never]}}"
        case "pool": "limits: {pool: narrow}\n\(ScheduleWorld.hourly)"
        default: ScheduleWorld.hourly
        }
      let waiting = try (1...Self.many).map { try world.job("a\($0)", keys) }
      let clerk = FireClerk(
        store: world.store, project: world.project.project, now: world.now, known: KnownJobs(due + waiting))
      let tick = Tick(clerk: clerk, execution: world.execution, parallelism: 2)
      _ = try await tick.run(due + waiting) { _ in }
      world.clock.set(1)
      var held: [Ownership] = []
      if what == "claimed" {
        for job in waiting { held.append(try await world.claimedElsewhere(job)) }
      }
      count.reset()
      let reports = try await tick.run(due + waiting) { _ in }
      #expect(reports.count == (what == "pool" ? 2 : 1) * Self.many)
      #expect(reports.allSatisfy { $0.outcome == .ran })
      let looks = count.count(Self.look)
      #expect(looks <= 8 * Self.many, "\(looks) looks")
      for ownership in held { try await world.store.release(ownership) }
    }
  }

  /// As in the best of orders: whatever stands in whose way, all of it is run in one tick.
  @Test(arguments: 0..<12) func nobodyIsForgotten(seed: UInt64) async throws {
    var random = SeededNumbers(seed: seed)
    try await withScheduleWorld { world in
      var names: [String] = []
      var jobs: [ScheduledJob] = []
      for number in 0..<12 {
        var limits = ["priority: \(Int.random(in: -1...1, using: &random))"]
        if Bool.random(using: &random) { limits.append("pool: narrow") }
        var after = ""
        if Bool.random(using: &random), let one = names.randomElement(using: &random),
          let other = names.randomElement(using: &random)
        {
          after = ", after: {jobs: [\(Set([one, other]).sorted().joined(separator: ", "))]}"
        }
        let name = "j\(number)"
        jobs.append(
          try world.job(
            name,
            """
            limits: {\(limits.joined(separator: ", "))}
            schedule: {cron: "0 * * * *", catch_up: all, if_running: queue_all\(after)}
            """))
        names.append(name)
      }
      jobs.shuffle(using: &random)
      var project = world.project.project
      project.maximumConcurrentRuns = [nil, 1, 2].randomElement(using: &random)!
      let tick = Tick(
        clerk: FireClerk(store: world.store, project: project, now: world.now, known: KnownJobs(jobs)),
        execution: world.execution, parallelism: Int.random(in: 1...3, using: &random))
      _ = try await tick.run(jobs) { _ in }
      world.clock.set(3)
      let reports = try await tick.run(jobs) { _ in }
      #expect(reports.count == 3 * jobs.count)
      #expect(try await world.store.openFires(project: "shop").isEmpty)
    }
  }

  /// Also while something else goes on; of those that wait for one place those behind the first that finds it full are
  /// not asked for.
  @Test func theEndOfARunWakesThoseThatWaitedForIt() async throws {
    try await withScheduleWorld { world in
      let start = ScheduleWorld.start
      let lanes = try ["a", "b", "c", "d", "e"].map { name in
        Lane(job: try world.job(name, ScheduleWorld.hourly), considered: nil, oldest: start, until: start)
      }
      let (place, upstream) = (Awaited.place("pool"), Awaited.upstream(JobName("load")))
      var queue = LaneQueue(lanes, at: start)
      for awaits: Set<Awaited> in [[place], [place], [place, upstream], [upstream], []] {
        let lane = queue.next(isIdle: false, at: start)
        queue.rest(try #require(lane), awaits)
      }
      func woken(_ isIdle: Bool, at moment: Instant = start) -> [String] {
        var names: [String] = []
        while let lane = queue.next(isIdle: isIdle, at: moment) {
          names.append(lane.job.id.job.text)
          queue.rest(lane, lane.awaits)
        }
        return names
      }
      #expect(woken(true) == [])
      queue.ended(nil, changed: [upstream])
      #expect(woken(false) == ["c", "d"])
      queue.ended(nil, changed: [place])
      #expect(woken(false) == ["a", "c"])
      // What nothing here can end is looked at again after a while, or when nothing runs any more.
      #expect(woken(false, at: start.advanced(by: .seconds(5))) == ["a", "b", "c", "d", "e"])
      #expect(woken(true) == [])
      queue.ended(nil, changed: [])
      #expect(woken(false) == [])
      #expect(woken(true) == ["a", "b", "c", "d", "e"])
      // Also while one of them has a backlog, so that there is always something to do.
      queue.ended(Lane(job: lanes[4].job, considered: nil, oldest: start, until: start), changed: [])
      let later = start.advanced(by: .seconds(10))
      #expect(queue.next(isIdle: false, at: later)?.job.id.job.text == "a")
    }
  }

  /// A run of another process ends while the last one goes on that this tick has.
  @Test func whatEndsElsewhereIsSeenBeforeTheTickEnds() async throws {
    try await withScheduleWorld { world in
      let (due, job) = (
        try world.job("due", ScheduleWorld.hourly), try world.job("wait", ScheduleWorld.hourly)
      )
      try await world.tick(due, job)
      world.clock.set(1)
      let ownership = try await world.claimedElsewhere(job)
      world.runner.close()
      async let reports = world.tick(due, job)
      defer { world.runner.open() }
      await world.runner.arrival()
      try await world.store.release(ownership)
      world.runner.open()
      #expect(try await reports.map { "\($0.job) \($0.outcome.rawValue)" } == ["due ran", "wait ran"])
    }
  }

  /// One statement a look, however many fires wait.
  @Test func howLongAnIntervalIsWaitedForIsAskedOnce() async throws {
    try await withScheduleWorld { world in
      let (world, count) = world.counting()
      let job = try world.job(
        """
        interval: {span: hour}
        schedule: {cron: "0 * * * *", catch_up: all, after: {jobs: [load], within: 90d}}
        """)
      try await world.tick(job)
      world.clock.set(50)
      count.reset()
      try await world.tick(job)
      #expect(try await world.ledger().count == 50)
      #expect(count.count("'superseded'") == 1)
    }
  }
}

extension ScheduleWorld {
  /// A run for the job's oldest due interval that somebody works on until it is released.
  fileprivate func claimedElsewhere(_ job: ScheduledJob) async throws -> Ownership {
    var considered = try await clerk.entry.considered(seeing: [job])
    let view = try await clerk.entry.enterDue([job], considered: &considered)
    let fire = view.openFires.first { $0.key.job == job.id.job }
    guard let fire, let interval = fire.interval,
      case .created(let run) = try await store.openRun(
        NewRun(
          identity: RunIdentity(
            project: "shop", job: job.id.job, matrixRow: "", interval: interval, parameters: [:]),
          jobHash: job.request.jobHash, fire: fire.key)),
      case .owned(let ownership) = try await store.claim(run.id)
    else { throw CancellationError() }
    return ownership
  }
}
