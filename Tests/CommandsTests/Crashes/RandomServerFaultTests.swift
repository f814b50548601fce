import DemoServer
import Model
import ProjectRig
import Runtime
import Seeds
import Testing

extension CrashMatrix {
  /// What befalls the server, or one of the run's sessions, at a random moment while the run goes on.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for more of it, `TIDEMARK_TEST_SEED` for that of an earlier run.
  @Suite(.timeLimit(.minutes(240))) struct RandomServerFaultTests {
    enum Blow: String, CaseIterable, Sendable {
      /// `pg_terminate_backend` on one of the run's sessions.
      case terminated
      /// `kill -9` of one, which takes all others with it and ends in crash recovery.
      case killed
      /// `pg_ctl restart -m immediate`.
      case restarted

      var usualCount: Int { self == .terminated ? 5 : 1 }
    }

    static let kinds: [(CrashWorld.StateKind, CrashScenario)] = [
      (.sqlite, .groups), (.postgres, .chunks), (.postgres, .oneTable),
    ]

    @Test func atAnyMoment() async throws {
      let cases = Self.kinds.flatMap { kind in Blow.allCases.map { ($0, kind) } }
      await Lanes.work(through: cases, atMost: 3) { cases in
        try await OwnServers.with { servers in
          while let (blow, kind) = cases.next() {
            try await CrashWorld.with(kind.0, kind.1, on: servers[0]) { world in
              try await strike(blow, servers[0], world)
            }
          }
        }
      }
    }

    /// As often as is asked for.
    private func strike(_ blow: Blow, _ server: DemoServer, _ world: CrashWorld) async throws {
      let demand = FaultDemand(blow.usualCount)
      var random = demand.numbers("\(blow) \(world.state) \(world.scenario)")
      let began = ContinuousClock.now
      let whole = try await world.run()
      #expect(whole.status == 0, "\(whole.output)")
      let length = (ContinuousClock.now - began).milliseconds
      try await world.reset()
      var (count, tries) = (0, 0)
      while count < demand.count {
        tries += 1
        try #require(tries <= 100 * demand.count, "the run has no session at any moment")
        let moment = Duration.milliseconds(Int64.random(in: 1...max(2, length), using: &random))
        let number = Int.random(in: 0..<100, using: &random)
        let isMade = try await strike(
          blow, server, world, after: moment, number, "\(blow) \(count), \(demand)")
        if isMade {
          count += 1
          FaultCount.add("server or session \(blow) at a random moment, \(world.state) state")
        }
        try await world.reset()
      }
    }

    /// - Returns: whether the run had a session then.
    private func strike(
      _ blow: Blow, _ server: DemoServer, _ world: CrashWorld, after moment: Duration, _ number: Int,
      _ comment: String
    ) async throws -> Bool {
      let output = try world.project.newOutput()
      let process = try world.project.start(
        CrashWorld.command, environment: CrashWorld.environment, output: output)
      _ = try await process.exit(within: moment)
      let sessions = try await world.project.rows(
        "SELECT pid::text FROM pg_stat_activity WHERE application_name LIKE 'tidemark %' ORDER BY pid"
      ).compactMap { Int32($0[0]) }
      if let session = sessions.isEmpty ? nil : sessions[number % sessions.count] {
        switch blow {
        case .terminated: try await world.project.sql("SELECT pg_terminate_backend(\(session))")
        case .killed: _ = try await ServerSession.kill(session)
        case .restarted: try await server.restartImmediately()
        }
      }
      try await becomesReady(world)
      if blow != .terminated, !sessions.isEmpty { try await goesOn(world, process) }
      let first = try await world.project.end(of: process, output: output)
      if first.status != 0 {
        #expect(first.status == 6 || first.status == 1, "\(comment): \(first.output)")
        let second = try await world.run()
        #expect(second.status == 0, "\(comment): \(first.output)\n\(second.output)")
      }
      try await world.expectUndisturbed(notices: false, comment)
      return !sessions.isEmpty
    }

    private func becomesReady(_ world: CrashWorld) async throws {
      try await Patience.until("the server has recovered") {
        do {
          try await world.project.sql("SELECT 1")
          return true
        } catch let fault as Fault where fault.isTransient {
          return false
        }
      }
    }

    /// Tells how long after the server's return the run works again, or has ended.
    private func goesOn(_ world: CrashWorld, _ process: ChildProcess) async throws {
      let back = ContinuousClock.now
      try await Patience.until("the run works again") {
        if process.exit != nil { return true }
        do {
          return try await world.project.rows(
            "SELECT FROM pg_stat_activity WHERE application_name LIKE 'tidemark %'"
          ).isEmpty == false
        } catch let fault as Fault where fault.isTransient {
          return false
        }
      }
      FaultCount.tell("from a server's return to the run's next session", ContinuousClock.now - back)
    }
  }
}
