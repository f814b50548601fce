import Glibc
import Model
import ProjectRig
import Runtime
import Seeds
import Testing

extension CrashMatrix {
  /// Killed, or told to stop, at random moments, over and over, the run ends as if nothing had happened.
  ///
  /// `TIDEMARK_TEST_KILLS` asks for more kills, `TIDEMARK_TEST_TIMES` for more stops, `TIDEMARK_TEST_SEED` for those of an
  /// earlier run.
  @Suite(.timeLimit(.minutes(240))) struct RandomKillTests {
    private static let parts = CrashWorld.StateKind.allCases.flatMap { state in
      CrashScenario.usual.map { (state, $0) }
    }

    @Test func atAnyMoment() async throws {
      let kills = Environment.process["TIDEMARK_TEST_KILLS"].flatMap(Int.init) ?? 200
      try await disturbAll(SIGKILL, "kill -9", (kills + Self.parts.count - 1) / Self.parts.count)
    }

    /// Each ends within the minute that it asks systemd for.
    @Test func toldToStop() async throws {
      try await disturbAll(SIGTERM, "SIGTERM", FaultDemand(5).count)
    }

    private func disturbAll(_ signal: Int32, _ name: String, _ count: Int) async throws {
      await Lanes.work(through: Self.parts) { parts in
        while let (state, scenario) = parts.next() {
          try await disturb(signal, name, count, state, scenario)
        }
      }
    }

    private static let grace = Duration.seconds(60)

    private func disturb(
      _ signal: Int32, _ name: String, _ wanted: Int, _ state: CrashWorld.StateKind, _ scenario: CrashScenario
    ) async throws {
      let demand = FaultDemand(wanted)
      var random = demand.numbers("\(signal) \(state) \(scenario)")
      try await CrashWorld.with(state, scenario) { world in
        var count = 0
        var longest = Duration.milliseconds(200)
        while count < wanted {
          let limit = Duration.milliseconds(
            Int64.random(in: 1...max(2, longest.milliseconds), using: &random))
          let output = try world.project.newOutput()
          let began = ContinuousClock.now
          let process = try world.project.start(
            CrashWorld.command, environment: CrashWorld.environment, output: output)
          if try await process.exit(within: limit) == nil {
            process.signal(signal)
            let exit = try await process.exit(within: Self.grace)
            let run = try await world.project.end(of: process, output: output)
            // It may have ended by itself just then. Before it works it does not hear signals yet.
            let isDeath = exit == .signal(signal) && (signal == SIGKILL || run.output.isEmpty)
            #expect(
              isDeath || exit == .status(0) || signal == SIGTERM && exit == .status(7),
              "\(demand), after \(count): \(run.output)")
            count += 1
            FaultCount.add("\(name) at a random moment, \(state) state, \(scenario)")
            // So that some runs come to their end.
            longest += .milliseconds(10)
            if exit != .status(0) { continue }
          } else {
            #expect(process.exit == .status(0), "\(demand), after \(count)")
            longest = ContinuousClock.now - began
          }
          try await world.expectUndisturbed("\(demand), after \(count)")
          try await world.reset()
        }
        let last = try await world.run()
        #expect(last.status == 0, "\(last.output)")
        try await world.expectUndisturbed("\(demand), after all")
      }
    }
  }
}
