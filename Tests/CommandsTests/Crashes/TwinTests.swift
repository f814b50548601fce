import Glibc
import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// Many processes that begin the same run at once: one runs, and all others say who has it and exit 8.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for more rounds, and for 50 processes in each.
  @Suite(.timeLimit(.minutes(60))) struct TwinTests {
    @Test(arguments: CrashWorld.StateKind.allCases, [CrashScenario.oneTable])
    func startedAtOnce(_ state: CrashWorld.StateKind, _ scenario: CrashScenario) async throws {
      let demand = FaultDemand(2)
      let processes = demand.isLong ? 50 : 20
      try await CrashWorld.with(state, scenario) { world in
        for round in 1...demand.count {
          // Every second round a dead process is the last that had the run.
          if round.isMultiple(of: 2) {
            let killed = try await world.run("merge.started:1:kill")
            try #require(killed.wasKilled, "round \(round): \(killed.output)")
          }
          // The one that runs stands still until all others are over, and its lease lasts.
          let variables = ["TIDEMARK_FAILPOINT": "merge.started:1:stop", "TIDEMARK_LEASE_MS": "600000"]
          var started: [(process: ChildProcess, output: String)] = []
          for _ in 0..<processes {
            let output = try world.project.newOutput()
            let process = try world.project.start(CrashWorld.command, environment: variables, output: output)
            started.append((process, output))
          }
          try await Patience.until("all but one are over") {
            started.count { $0.process.exit != nil } >= processes - 1
          }
          let running = started.filter { $0.process.exit == nil }
          try #require(running.count == 1, "round \(round): \(running.count) run")
          for (process, output) in started where process.exit != nil {
            let other = try await world.project.end(of: process, output: output)
            #expect(other.status == 8, "round \(round): \(other.output)")
            #expect(
              other.output.contains("error[held]")
                && other.output.contains("by process \(running[0].process.identifier) on "),
              "round \(round): \(other.output)")
          }
          try await Patience.until("the one that runs stands still") { running[0].process.standsStill }
          running[0].process.signal(SIGCONT)
          let run = try await world.project.end(of: running[0].process, output: running[0].output)
          #expect(run.status == 0, "round \(round): \(run.output)")
          FaultCount.add("run started by many processes at once, \(state) state", 1)
          try await world.expectUndisturbed("round \(round)")
          try await world.reset()
        }
      }
    }
  }
}
