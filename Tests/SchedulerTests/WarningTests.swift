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
      // An hour of a fire later it is well again.
      for (hour, isTold) in [(2.5, true), (4.99, false), (5.5, false)] {
        world.clock.set(hour)
        let faults = try await world.warnings(of: job, other)
        #expect(faults.map(\.code) == (isTold ? ["clock_put_back"] : []))
        let sighting = try #require(try await world.store.sightings(project: "shop").first)
        let next = job.nextFire(considered: sighting.lastConsidered, after: world.clock.now)
        #expect(next?.instant == ScheduleWorld.hours(6))
        guard isTold else { continue }
        #expect(
          faults.first?.sentence
            == "The ledger of job goes to 2026-06-01T05:00:00Z, which is still to come: no fire comes before, and so with another job"
        )
        #expect(
          faults.first?.hint?.contains("--from 2026-06-01T02:00:00Z --to 2026-06-01T05:00:00Z") == true)
      }
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
      world.clock.set(0.2)
      let faults = try await world.warnings(of: mine)
      #expect(faults.map(\.code) == ["schedule_contested"])
      #expect(faults.first?.cause?.hasSuffix("(except)") == true, "\(faults)")
      #expect(faults.first?.sentence.contains("host elsewhere") == true)
      world.clock.set(0.3)
      #expect(try await elsewhere.warnings(of: theirs).map(\.code) == ["schedule_contested"])
      // All hosts have the one now.
      #expect(try await world.warnings(of: theirs).isEmpty)
      // One that is edited anew, and a day later as it was.
      let edited = try world.job("schedule: {cron: \"30 * * * *\", catch_up: all, if_running: queue_all}")
      #expect(try await world.warnings(of: edited).isEmpty)
      world.clock.set(24)
      #expect(try await elsewhere.warnings(of: theirs).isEmpty)
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
