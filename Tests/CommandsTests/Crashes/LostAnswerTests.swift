import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// The answers of all commits of a run over a connection, each lost once, with the process and without: those of the
  /// target, and of a state in Postgres.
  @Suite(.timeLimit(.minutes(8))) struct LostAnswerTests {
    static let kinds: [(CrashWorld.StateKind, CrashScenario)] =
      CrashScenario.allCases.map { (.sqlite, $0) } + [(.postgres, .groups)]

    /// Every fifth of the state's, unless many kills are asked for.
    @Test(arguments: kinds) func ofCommits(_ state: CrashWorld.StateKind, _ scenario: CrashScenario)
      async throws
    {
      try await CrashWorld.with(state, scenario) { world in
        let isLong = Environment.process["TIDEMARK_TEST_KILLS"].flatMap(Int.init) ?? 0 > 1000
        var number = 1
        while true {
          let killed = try await world.run("commit.answered:\(number):kill")
          if !killed.wasKilled { break }
          // As the server may by itself at any moment: rows that come later then lie before those that are there.
          try await world.project.sql("VACUUM told")
          let resumed = try await world.run()
          #expect(resumed.status == 0, "commit \(number): \(resumed.output)")
          try await world.expectUndisturbed("commit \(number), killed")
          try await world.reset()
          let deaf = try await world.run("commit.answered:\(number):error")
          if deaf.status != 0 {
            #expect(deaf.status == 6, "commit \(number): \(deaf.output)")
            let second = try await world.run()
            #expect(second.status == 0, "commit \(number): \(deaf.output) \(second.output)")
          }
          try await world.expectUndisturbed(notices: false, "commit \(number), answer lost")
          try await world.reset()
          FaultCount.add("commit whose answer was lost, \(state) state, \(scenario)", 2)
          number += state == .sqlite || isLong ? 1 : 5
        }
        #expect(number > 5)
      }
    }
  }
}
