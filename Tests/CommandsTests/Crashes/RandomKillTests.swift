import Glibc
import Model
import ProjectRig
import Runtime
import Seeds
import Testing

extension CrashMatrix {
  /// Killed at random moments, over and over, the run ends as if nothing had happened.
  ///
  /// `TIDEMARK_TEST_KILLS` asks for more kills, `TIDEMARK_TEST_SEED` for those of an earlier run.
  @Suite(.timeLimit(.minutes(60))) struct RandomKillTests {
    @Test(arguments: CrashWorld.StateKind.allCases, CrashScenario.allCases)
    func atAnyMoment(_ state: CrashWorld.StateKind, _ scenario: CrashScenario) async throws {
      let environment = Environment.process
      let parts = CrashWorld.StateKind.allCases.count * CrashScenario.allCases.count
      let wanted = ((environment["TIDEMARK_TEST_KILLS"].flatMap(Int.init) ?? 200) + parts - 1) / parts
      let seed = environment["TIDEMARK_TEST_SEED"].flatMap(UInt64.init) ?? 20_260_314
      var random = SeededNumbers(seed: seed)
      try await CrashWorld.with(state, scenario) { world in
        var kills = 0
        var longest = Duration.milliseconds(200)
        while kills < wanted {
          let limit = Duration.milliseconds(
            Int64.random(in: 1...max(2, longest.milliseconds), using: &random))
          let output = try world.project.newOutput()
          let began = ContinuousClock.now
          let process = try world.project.start(
            CrashWorld.command, environment: CrashWorld.environment, output: output)
          let thread = try ThreadExecutor(name: "killing")
          let ended = await withTaskExecutorPreference(thread) { process.wait(atMost: limit) }
          if ended == nil {
            process.signal(SIGKILL)
            _ = try await world.project.end(of: process, output: output)
            kills += 1
            // So that some runs come to their end.
            longest += .milliseconds(10)
            continue
          }
          #expect(ended == .status(0), "seed \(seed), after \(kills) kills")
          longest = ContinuousClock.now - began
          try await world.expectUndisturbed("seed \(seed), after \(kills) kills")
          try await world.reset()
        }
        FaultCount.add("kill -9 at a random moment, \(state) state, \(scenario)", kills)
        let last = try await world.run()
        #expect(last.status == 0, "\(last.output)")
        try await world.expectUndisturbed("seed \(seed), after all kills")
      }
    }
  }
}
