import ProjectRig
import Runtime
import Testing

extension CrashMatrix {
  /// The answers of all commits of a run over a connection, each lost once, with the process and without: those of the
  /// target, and of a state in Postgres.
  @Suite(.timeLimit(.minutes(240))) struct LostAnswerTests {
    static let kinds: [(CrashWorld.StateKind, CrashScenario)] =
      CrashScenario.usual.map { (.sqlite, $0) } + [(.postgres, .groups)]

    /// More than any run has.
    private static let many = 10_000

    /// The first, which open and claim the run, and then every fifth of the state's, unless many are asked for.
    @Test(arguments: kinds) func ofCommits(_ state: CrashWorld.StateKind, _ scenario: CrashScenario)
      async throws
    {
      let step = state == .sqlite || FaultDemand(1).isLong ? 1 : 5
      await lose(Array(1...5) + stride(from: 6, to: Self.many, by: step), state, scenario) { world, number in
        guard try await killed(world, number) else { return false }
        try await deaf(world, number)
        FaultCount.add("commit whose answer was lost, \(state) state, \(scenario)", 2)
        return true
      }
    }

    /// All of a run of two hundred chunks, every second with the process: where `TIDEMARK_TEST_TIMES` asks for more.
    @Test(.enabled(if: FaultDemand(1).isLong), arguments: CrashWorld.StateKind.allCases)
    func ofManyCommits(_ state: CrashWorld.StateKind) async throws {
      var commits = 0
      try await CrashWorld.with(state, .manyChunks) { world in commits = try await self.commits(of: world) }
      #expect(commits > 200)
      await lose(Array(1...max(1, commits)), state, .manyChunks) { world, number in
        if number.isMultiple(of: 2) {
          guard try await killed(world, number) else { return true }
        } else {
          try await deaf(world, number)
        }
        FaultCount.add("commit of 200 chunks whose answer was lost, \(state) state")
        return true
      }
    }

    /// How many commits a run makes over connections.
    private func commits(of world: CrashWorld) async throws -> Int {
      var (reached, missed) = (0, Self.many)
      while missed - reached > 1 {
        let middle = (reached + missed) / 2
        let run = try await world.run("commit.answered:\(middle):kill")
        #expect(run.wasKilled || run.status == 0, "\(run.output)")
        if run.wasKilled { reached = middle } else { missed = middle }
        try await world.reset()
      }
      return reached
    }

    /// - Parameter body: says whether there was such a commit.
    private func lose(
      _ numbers: [Int], _ state: CrashWorld.StateKind, _ scenario: CrashScenario,
      _ body: @escaping @Sendable (CrashWorld, Int) async throws -> Bool
    ) async {
      await Lanes.work(through: numbers) { queue in
        try await CrashWorld.with(state, scenario) { world in
          while let number = queue.next() {
            if try await !body(world, number) {
              #expect(number > 5)
              queue.close()
            }
            try await world.reset()
          }
        }
      }
    }

    /// - Returns: whether there was such a commit.
    private func killed(_ world: CrashWorld, _ number: Int) async throws -> Bool {
      let killed = try await world.run("commit.answered:\(number):kill")
      if !killed.wasKilled {
        #expect(killed.status == 0, "commit \(number): \(killed.output)")
        try await world.expectUndisturbed("without a commit \(number)")
        return false
      }
      // As the server may by itself at any moment: rows that come later then lie before those that are there.
      try await world.project.sql("VACUUM told")
      let resumed = try await world.run()
      #expect(resumed.status == 0, "commit \(number): \(resumed.output)")
      try await world.expectUndisturbed("commit \(number), killed")
      try await world.reset()
      return true
    }

    private func deaf(_ world: CrashWorld, _ number: Int) async throws {
      let deaf = try await world.run("commit.answered:\(number):error")
      if deaf.status != 0 {
        #expect(deaf.status == 6, "commit \(number): \(deaf.output)")
        let second = try await world.run()
        #expect(second.status == 0, "commit \(number): \(deaf.output) \(second.output)")
      }
      try await world.expectUndisturbed(notices: false, "commit \(number), answer lost")
    }
  }
}
