import Glibc
import Model
import ProjectRig
import Runtime
import Seeds
import Testing

extension CrashMatrix {
  /// Owners that SIGSTOP puts to sleep at any moment, past their lease, and that wake when an heir has done their work:
  /// nothing of what they still write counts.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for more of them, `TIDEMARK_TEST_SEED` for those of an earlier run.
  @Suite(.timeLimit(.minutes(60))) struct SleeperTests {
    @Test func atAnyMoment() async throws {
      let demand = FaultDemand(3)
      await Lanes.work(through: CrashScenario.usual) { scenarios in
        while let scenario = scenarios.next() {
          var random = demand.numbers("asleep \(scenario)")
          try await CrashWorld.with(.postgres, scenario) { world in
            let began = ContinuousClock.now
            let whole = try await world.run()
            #expect(whole.status == 0, "\(whole.output)")
            let length = (ContinuousClock.now - began).milliseconds
            var (count, tries) = (0, 0)
            while count < demand.count {
              try await world.reset()
              tries += 1
              try #require(tries <= 100 * demand.count, "nobody sleeps as the owner")
              let moment = Duration.milliseconds(Int64.random(in: 1...max(2, length), using: &random))
              let wasOwner = try await sleeps(world, after: moment, "\(scenario) \(count), \(demand)")
              if wasOwner {
                count += 1
                FaultCount.add("owner asleep past its lease at a random moment")
              }
            }
          }
        }
      }
    }

    /// - Returns: whether it was the run's owner when it fell asleep.
    private func sleeps(_ world: CrashWorld, after moment: Duration, _ comment: String) async throws -> Bool {
      let output = try world.project.newOutput()
      let process = try world.project.start(
        CrashWorld.command, environment: CrashWorld.environment, output: output)
      _ = try await process.exit(within: moment)
      process.signal(SIGSTOP)
      try await Patience.until("it sleeps") { process.exit != nil || process.standsStill }
      let hadEnded = process.exit != nil
      let heir = try await world.run()
      #expect(heir.status == 0, "\(comment): \(heir.output)")
      process.signal(SIGCONT)
      let late = try await world.project.end(of: process, output: output)
      let isFenced = late.status == 8 && late.output.contains("fenced")
      // Before it had the run, and behind its end, it had nothing to lose: it says that the run is over.
      let isTold =
        late.status == 0
        ? hadEnded || (late.output + heir.output).contains("done before, by run")
        : late.status == 8 && late.output.contains("ended as succeeded just now")
      #expect(isFenced || isTold, "\(comment): \(late.output)")
      try await world.expectUndisturbed(comment)
      return isFenced
    }
  }
}
