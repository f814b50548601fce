import Glibc
import Model
import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// Killed at random moments, over and over, the run ends as if nothing had happened.
  ///
  /// `TIDEMARK_TEST_KILLS` asks for more kills, `TIDEMARK_TEST_SEED` for those of an earlier run.
  @Suite(.timeLimit(.minutes(60))) struct RandomKillTests {
    @Test(arguments: CrashWorld.StateKind.allCases)
    func atAnyMoment(_ state: CrashWorld.StateKind) async throws {
      let environment = Environment.process
      let wanted = (environment["TIDEMARK_TEST_KILLS"].flatMap(Int.init) ?? 200) / 2
      let seed = environment["TIDEMARK_TEST_SEED"].flatMap(UInt64.init) ?? 20_260_314
      var random = SeededNumbers(seed: seed)
      try await CrashWorld.with(state) { world in
        var kills = 0
        var longest = Duration.milliseconds(200)
        while kills < wanted {
          let limit = Duration.milliseconds(
            Int64.random(in: 1...max(2, longest.milliseconds), using: &random))
          let output = try FolderTree.temporary(in: world.project.folder, prefix: ".said-") + "/output"
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
        FaultCount.add("kill -9 at a random moment, \(state) state", kills)
        let last = try await world.run()
        #expect(last.status == 0, "\(last.output)")
        try await world.expectUndisturbed("seed \(seed), after all kills")
      }
    }
  }

  /// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed.
  struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }
}
