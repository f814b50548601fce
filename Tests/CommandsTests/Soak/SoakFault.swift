import DemoServer
import Glibc
import Model
import ProjectRig
import Runtime
import Seeds
import StateStore
import Testing

/// What befalls the schedulers of a soak, each at a random moment.
enum SoakFault: String, CaseIterable, Sendable {
  case killed = "kill -9 of a scheduler"
  case killedAtPlace = "kill -9 of a scheduler at a named place"
  case stopped = "SIGTERM of a scheduler"
  case asleep = "scheduler asleep past its leases"
  case bothAsleep = "all schedulers asleep past their leases"
  case clock = "scheduler whose clock is some seconds off"
  case terminated = "pg_terminate_backend on a session of a scheduler"
  case backendKilled = "kill -9 of a session's process, and crash recovery"
  case restarted = "pg_ctl restart -m immediate under schedulers"
  case cut = "way to the database cut at a byte"
  case held = "way to the database held open with nothing coming through"
  case rewritten = "VACUUM FULL of the source"
  case paused = "job paused and unpaused"
  case cancelled = "run of a schedule cancelled"
  case edited = "job file changed"
  case broken = "job file broken and mended"
  case ticked = "tick beside schedulers"

  /// - Returns: whether it has struck: there may be nothing to strike just then.
  func strike(_ world: SoakWorld, _ random: inout SeededNumbers) async throws -> Bool {
    try await Self.pass(.milliseconds(Int64(random.below(1000))))
    switch self {
    case .killed:
      try await world.other.kill()
      try world.replaceOther()
    case .killedAtPlace:
      let place = "\(random.pick(CrashMatrix.FailpointTests.reached)):\(1 + random.below(3)):kill"
      return try await besideOther(world, ["TIDEMARK_FAILPOINT": place])
    case .stopped:
      try await world.other.stop()
      try world.replaceOther()
    case .clock:
      _ = try await besideOther(world, ["TIDEMARK_CLOCK_OFFSET": "\(random.below(9) - 4)"])
    case .asleep, .bothAsleep:
      let sleepers = self == .asleep ? [world.other] : [world.steady, world.other]
      for scheduler in sleepers { scheduler.process.signal(SIGSTOP) }
      try await Self.pass(.milliseconds(Int64(500 + random.below(4000))))
      for scheduler in sleepers { scheduler.process.signal(SIGCONT) }
    case .terminated, .backendKilled:
      let sessions = try await world.project.rows(
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'tidemark%' AND query <> 'CALL transfer()' AND pid <> pg_backend_pid() ORDER BY pid"
      ).compactMap { Int32($0[0]) }
      if sessions.isEmpty { return false }
      let session = random.pick(sessions)
      if self == .terminated {
        return try await world.project.rows("SELECT pg_terminate_backend(\(session))") == [["t"]]
      }
      return try await ServerSession.kill(session)
    case .restarted: try await world.server.restartImmediately()
    case .cut, .held:
      world.way.reset(
        self == .cut ? .cut : .holdOne, random.oneIn(2) ? .toServer : .toClient, behind: random.below(20_000))
      try await Patience.until("the way is broken", said: world.said) { world.way.isBroken }
    case .rewritten:
      do {
        try await world.project.sql("SET lock_timeout = '5s'", "VACUUM FULL accounts")
      } catch let fault as Fault where fault.isTransient {
        return false
      }
    case .paused:
      let job = random.pick(SoakWorld.jobs)
      for command in [["pause", job, "--reason", "soak"], ["unpause", job]] {
        let run = try await world.project.run(command)
        #expect(run.status == 0, "\(run.output)")
        try await Self.pass(.milliseconds(Int64(random.below(4000))))
      }
    case .cancelled:
      var runs: [RunID] = []
      try await world.store { runs = try await $0.runs(RunFilter(isUnfinished: true)).map(\.id) }
      if runs.isEmpty { return false }
      let cancel = try await world.project.run(
        ["cancel", random.pick(runs).text], environment: SoakWorld.environment)
      // Over, or published, by then.
      #expect([0, 8].contains(cancel.status), "\(cancel.output)")
    case .edited:
      try world.project.write(
        "jobs/bank.yaml", SoakWorld.job("bank", "limits: {parallelism: \(1 + random.below(4))}"))
    case .broken:
      let job = random.pick(SoakWorld.jobs)
      try world.project.write("jobs/\(job).yaml", "version: [")
      try await Self.pass(.milliseconds(Int64(random.below(4000))))
      try world.project.write("jobs/\(job).yaml", SoakWorld.job(job))
    case .ticked:
      let tick = try await world.project.run(["tick", "--quiet"], environment: SoakWorld.environment)
      #expect([0, 6, 8].contains(tick.status), "\(tick.output)")
    }
    return true
  }

  /// Has a second scheduler with something amiss in place of the present one, until it dies of it or a few fires are over.
  /// - Returns: whether it has died.
  private func besideOther(_ world: SoakWorld, _ environment: [String: String]) async throws -> Bool {
    try await world.other.stop()
    try world.replaceOther(environment)
    for _ in 0..<2 where world.other.process.exit == nil { try await world.goesOn() }
    let hasDied = world.other.process.exit != nil
    if hasDied {
      let end = try await world.other.end()
      #expect(end.wasKilled, "\(end.output)")
    } else {
      try await world.other.stop()
    }
    try world.replaceOther()
    return hasDied
  }

  private static func pass(_ time: Duration) async throws {
    let end = ContinuousClock.now + time
    try await Patience.until("some time has passed") { ContinuousClock.now >= end }
  }
}
