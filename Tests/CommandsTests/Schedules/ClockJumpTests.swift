import Glibc
import Model
import Postgres
import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// The clock is set forward and back by up to a day under a scheduler that goes on: each fire comes once, what was
  /// passed over is caught up with as the job says, nobody loses a run, and nothing spins.
  @Suite(.timeLimit(.minutes(10))) struct ClockJumpTests {
    private static let jumps = [1, 300, 3600, 3 * 3600 + 60, 86_400]
    private static let distance = 3

    @Test(arguments: CrashWorld.StateKind.allCases)
    func underARunningScheduler(_ state: CrashWorld.StateKind) async throws {
      try await TidemarkProject.with { project in
        let clock = try ShiftedClock(in: project.folder)
        try await Self.fill(project, state)
        // Nobody passes before the gate is opened.
        let gate = try await Connection.open(project.settings)
        try await gate.execute("SELECT pg_advisory_lock(4714)")
        let scheduler = try RunningScheduler(project, environment: clock.environment)
        let first = clock.now
        try await RunningScheduler.with { schedulers in
          schedulers.append(scheduler)
          try await CrashWorld(project: project, state: state).state { store in
            try await Self.goesOn(scheduler, store, behind: first)
            for seconds in Self.jumps {
              try clock.jump(seconds)
              try await Self.goesOn(scheduler, store, behind: clock.now)
              // Back, where all is in the ledger already: it is there and does nothing.
              try clock.jump(-seconds)
              let newest = try await Self.fires("often", store).last?.key.fire
              let reloads = try scheduler.log.ranges(of: "scheduler_reloaded").count
              try project.write("jobs/often.yaml", Self.often + "# \(seconds)\n")
              #expect(try await scheduler.says("scheduler_reloaded", times: reloads + 1))
              if seconds > 60 {
                #expect(try await Self.fires("often", store).last?.key.fire == newest, "back by \(seconds) s")
              }
              try clock.jump(seconds)
              try await Self.goesOn(scheduler, store, behind: clock.now)
              FaultCount.add("clock set under a running scheduler, \(state) state", 3)
            }
            // The one run that has gone on all the time is still its owner's, also by a clock that was not set.
            let tick = try await project.run(["tick", "long", "--quiet"])
            #expect([0, 8].contains(tick.status), "\(tick.output)")
            await gate.close()
            #expect(try await scheduler.says("job=long", times: 2))
            let wakes = try Self.wakes(of: scheduler.process)
            try await scheduler.stop()
            try await Self.expectEachOnce(project, store, from: first, to: clock.now, wakes)
          }
        }
      }
    }

    private static let often = ScheduledJobText.job(
      "schedule: {cron: \"*/\(distance) * * * * *\", catch_up: latest, if_running: queue_all}",
      query: "SELECT ${fire.time} AS n", table: "often")

    private static func fill(_ project: TidemarkProject, _ state: CrashWorld.StateKind) async throws {
      try await project.sql(
        """
        CREATE FUNCTION gate() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
          PERFORM pg_advisory_xact_lock_shared(4714); RETURN 1;
        END $$
        """)
      if state == .postgres {
        try project.write("tidemark.yaml", project.file(TidemarkProject.stateLine(project.database)))
      }
      try project.write("jobs/often.yaml", often)
      try project.write(
        "jobs/hourly.yaml",
        ScheduledJobText.job(
          "schedule: {cron: \"0 0 * * * *\", catch_up: all, if_running: queue_all}",
          query: "SELECT ${fire.time} AS n", table: "hourly"))
      let at = SystemClock.now.advanced(by: .seconds(-60)).text()
      try project.write(
        "jobs/long.yaml",
        ScheduledJobText.job(
          "schedule: {at: \"\(at)\", catch_up: all}", query: "SELECT gate() AS n", table: "long"))
      // The jobs have been there for two minutes.
      let tick = try await project.run(["tick", "long"], environment: ScheduledJobText.later(-120))
      try #require(tick.status == 0, "\(tick.output)")
    }

    private static func fires(_ job: String, _ store: Store) async throws -> [FireRecord] {
      try await store.fires(
        project: "test", job: JobName(job),
        in: TimeRange(start: Instant(seconds: 0), end: Instant(seconds: 1 << 40)))
    }

    /// Returns when a fire of later than `moment` has run, and all before it are over.
    private static func goesOn(
      _ scheduler: RunningScheduler, _ store: Store, behind moment: Instant
    ) async throws {
      try await Patience.until("a fire behind \(moment.text()) has run", said: { try scheduler.log }) {
        if scheduler.process.exit != nil { throw Fault("ended", .internal, "The scheduler has ended") }
        let later = try await store.fires(
          project: "test", job: JobName("often"),
          in: TimeRange(start: moment, end: moment.advanced(by: .seconds(3600))))
        if !later.contains(where: { $0.outcome == .ran || $0.outcome == .caughtUp }) { return false }
        return try await store.openFires(project: "test").allSatisfy {
          $0.key.job.text == "long" || $0.key.fire > moment
        }
      }
    }

    /// How often its timer has woken it.
    private static func wakes(of process: ChildProcess) throws -> Int {
      let folder = "/proc/\(process.identifier)/task"
      func read(_ thread: String, _ name: String) throws -> String {
        String(
          decoding: try FileContents.read("\(folder)/\(thread)/\(name)", atMost: ByteCount(65536)),
          as: UTF8.self)
      }
      for thread in try FolderTree.names(in: folder) {
        if try read(thread, "comm") != "wall-timer\n" { continue }
        let line = try read(thread, "status").split(separator: "\n").first {
          $0.hasPrefix("voluntary_ctxt_switches:")
        }
        return line?.split(separator: "\t").last.flatMap { Int($0) } ?? 0
      }
      return 0
    }

    private static func expectEachOnce(
      _ project: TidemarkProject, _ store: Store, from: Instant, to: Instant, _ wakes: Int
    ) async throws {
      var count = 0
      for (job, step) in [("often", distance), ("hourly", 3600)] {
        let fires = try await fires(job, store)
        // Without a gap and without an end before the last jump.
        let seconds = fires.map(\.key.fire.seconds)
        let gaps = zip(seconds, seconds.dropFirst()).filter { $1 - $0 != step }
        #expect(gaps.isEmpty, "\(job): \(gaps.prefix(3))")
        let last = try #require(seconds.last)
        #expect(last > to.seconds - 2 * max(step, 60), "\(job)")
        let ran = fires.filter { $0.outcome == .ran || $0.outcome == .caughtUp }
        #expect(
          fires.allSatisfy {
            [.ran, .caughtUp].contains($0.outcome)
              || job == "often" && [.superseded, .pending].contains($0.outcome)
          }, "\(job): \(Set(fires.map(\.outcome)))")
        let published = try await project.rows("SELECT extract(epoch FROM n)::bigint FROM \(job) ORDER BY 1")
        #expect(published.map { $0[0] } == ran.map { "\($0.key.fire.seconds)" }, "\(job)")
        count += ran.count
      }
      let run = try #require(try await fires("long", store).first?.run)
      #expect(try await store.attempts(of: run).count == 1)
      #expect(try await store.run(run)?.state == .succeeded)
      print("\(count) fires run over \(3 * jumps.count) jumps of the clock, \(wakes) wakes of the timer")
      // One for each fire, a few for each jump; a loop that spins has many thousands.
      #expect(wakes > 0 && wakes < 4 * count + 30 * jumps.count + 100)
    }
  }
}
