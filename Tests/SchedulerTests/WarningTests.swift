import Engine
import JobFiles
import Model
import Synchronization
import Testing
import Timetable

@testable import Scheduler
@testable import StateStore

/// What a tick says of clocks and files that are not as they should be.
@Suite struct WarningTests {

  @Test func aClockThatWasPutBackIsTold() async throws {
    try await withScheduleWorld { world in
      let (job, other) = (try world.job(ScheduleWorld.hourly), try world.job("other", ScheduleWorld.hourly))
      #expect(try await world.warnings(of: job, other).isEmpty)
      world.clock.set(5)
      #expect(try await world.warnings(of: job, other).isEmpty)
      // A host whose clock is less than a minute behind does no harm.
      for (hour, isTold) in [(4.99, false), (2.5, true), (2.6, false), (4.95, false), (5.5, false)] {
        world.clock.set(hour)
        let faults = try await world.warnings(of: job, other)
        #expect(faults.map(\.code) == (isTold ? ["clock_put_back"] : []), "\(hour)")
        let sighting = try #require(try await world.store.sightings(project: "shop").first)
        let next = job.nextFire(considered: sighting.lastConsidered, after: world.clock.now)
        #expect(next?.instant == ScheduleWorld.hours(6))
        guard isTold else { continue }
        #expect(
          faults.first?.sentence
            == "The ledger of job goes to 2026-06-01T05:00:00Z, which is still to come: no fire comes before, and so with other"
        )
        #expect(
          faults.first?.hint?.contains("--from 2026-06-01T02:00:00Z --to 2026-06-01T05:00:00Z`") == true)
      }
      // Put back anew, it is told anew, though not to every tick of a host that stays behind.
      for (ahead, behind, isTold) in [(9.0, 8.0, false), (30, 29.5, true), (31, 30.5, false)] {
        world.clock.set(ahead)
        #expect(try await world.warnings(of: job, other).isEmpty)
        world.clock.set(behind)
        #expect(try await world.warnings(of: job, other).isEmpty != isTold, "\(behind)")
      }
    }
  }

  /// What the warning names can be done: an older interval goes over a newer one by `--force` alone, and where the
  /// time is years away nobody is left to wait for it.
  @Test func theWayOutOfAClockAheadIsNamed() async throws {
    try await withScheduleWorld { world in
      let job = try world.job(
        ScheduleWorld.every("0 0 1 * *"), store: "{table: {connection: shop, name: r.x, mode: replace}}")
      _ = try await world.warnings(of: job)
      world.clock.set(24 * 900)
      _ = try await world.warnings(of: job)
      world.clock.set(1)
      let hint = try #require(try await world.warnings(of: job).first?.hint)
      #expect(hint.contains(" --force`") && hint.contains("`job:`"), "\(hint)")
    }
  }

  /// Also one that goes on while that happens.
  @Test func aSchedulerTellsOfAClockThatIsPutBack() async throws {
    try await withScheduleWorld { world in
      let told = Mutex<[String]>([])
      let job = try world.job(ScheduleWorld.hourly)
      let daemon = SchedulerDaemon(
        parts: .init(
          clerk: FireClerk(store: world.store, project: world.project.project, now: world.now) { fault in
            told.withLock { $0.append(fault.code) }
          }, execution: world.execution), parallelism: 1, now: world.now
      ) { _ in }
      try await daemon.update([job])
      for hour in [1.0, 3, 2, 2.5, 3.5] {
        world.clock.set(hour)
        _ = await daemon.pass()
        await daemon.idle()
        if hour == 2 { #expect(await daemon.nextFire?.at == ScheduleWorld.hours(4)) }
      }
      #expect(told.withLock { $0 } == ["clock_put_back"])
    }
  }

  @Test func twoHostsThatTurnAScheduleBackAndForthAreTold() async throws {
    try await withScheduleWorld { world in
      let mine = try world.job(ScheduleWorld.hourly)
      let theirs = try world.job(
        "schedule: {cron: \"0 * * * *\", catch_up: all, if_running: queue_all, except: [2026-06-02]}")
      let elsewhere = world.elsewhere()
      #expect(try await world.warnings(of: mine).isEmpty)
      // It may have been edited.
      world.clock.set(0.1)
      #expect(try await elsewhere.warnings(of: theirs).isEmpty)
      #expect(try await elsewhere.warnings(of: theirs).isEmpty)
      // Or edited, and the edit taken back, in a folder that both share.
      world.clock.set(0.2)
      #expect(try await world.warnings(of: mine).isEmpty)
      world.clock.set(0.3)
      let faults = try await elsewhere.warnings(of: theirs)
      #expect(faults.map(\.code) == ["schedule_contested"])
      #expect(faults.first?.cause?.hasSuffix("(except)") == true, "\(faults)")
      #expect(faults.first?.sentence.contains("host elsewhere puts back its own") == true)
      #expect(try await world.warnings(of: mine).map(\.code) == ["schedule_contested"])
      // All hosts have the one now.
      #expect(try await world.warnings(of: mine).isEmpty)
      #expect(try await elsewhere.warnings(of: mine).isEmpty)
      // One that is edited anew, and a day later as it was.
      let edited = try world.job("schedule: {cron: \"30 * * * *\", catch_up: all, if_running: queue_all}")
      #expect(try await world.warnings(of: edited).isEmpty)
      world.clock.set(24)
      #expect(try await elsewhere.warnings(of: mine).isEmpty)
    }
  }
}

extension ScheduleWorld {
  /// What a tick over these jobs warns of.
  fileprivate func warnings(of jobs: ScheduledJob...) async throws -> [Fault] {
    let told = Mutex<[Fault]>([])
    let clerk = FireClerk(store: store, project: project.project, now: now, known: KnownJobs(jobs)) { fault in
      told.withLock { $0.append(fault) }
    }
    _ = try await Tick(clerk: clerk, execution: execution, parallelism: 2).run(jobs) { _ in }
    return told.withLock { $0 }
  }

  /// The same state as another host has it.
  fileprivate func elsewhere() -> ScheduleWorld {
    let theirs = Store(
      database: store.database, owners: store.owners, host: "elsewhere", processID: store.processID,
      hostNow: store.hostNow)
    return ScheduleWorld(
      store: theirs, clock: clock, runner: PretendRunner(theirs, clock), project: project, ahead: ahead)
  }
}
