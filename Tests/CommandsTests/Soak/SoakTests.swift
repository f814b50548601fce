import Glibc
import Model
import ProjectRig
import Runtime
import Seeds
import StateStore
import Testing

extension CrashMatrix {
  /// Faults of all kinds, one after the other in a random order, upon schedulers that go on and upon runs by hand: after
  /// each nothing is lost or doubled, and every job goes on; over the whole the scheduler that was not killed grows no
  /// larger.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for more of them, `TIDEMARK_TEST_SEED` for those of an earlier run.
  @Suite struct SoakTests {
    private static let steps = 5

    @Test(.timeLimit(.minutes(20 + FaultDemand(steps).count)), arguments: CrashWorld.StateKind.allCases)
    func inAnyOrder(_ state: CrashWorld.StateKind) async throws {
      let demand = FaultDemand(Self.steps)
      var random = demand.numbers("soak \(state)")
      try await SoakWorld.with(state) { world in
        try await world.goesOn()
        var sizes: [ProcessSize] = []
        for step in 1...demand.count {
          // Each step has numbers of its own, however many the one before took.
          var numbers = SeededNumbers(seed: random.next())
          // Every third is a run by hand.
          let fault = step.isMultiple(of: 3) ? nil : numbers.pick(SoakFault.allCases)
          let comment = "step \(step), \(fault?.rawValue ?? "by hand"), \(state) state, \(demand)"
          if demand.isLong { print(SystemClock.now.text(), comment) }
          do {
            if let fault {
              if try await fault.strike(world, &numbers) { FaultCount.add("soak: \(fault.rawValue)") }
              try await world.recovered()
            } else {
              try await SoakScene.play(&numbers)
            }
            try await world.goesOn()
            try await world.expectSound(comment)
          } catch {
            Issue.record("\(comment): \(error)")
            try #require(world.steady.process.exit == nil)
          }
          sizes.append(try ProcessSize(of: world.steady.process))
        }
        for scheduler in [world.steady, world.other] { try await scheduler.stop() }
        let fires = try await world.expectAllDone("\(state) state, \(demand)")
        expectSteady(sizes, "\(state) state, \(demand)")
        try await expectCompact(world, fires)
      }
    }

    /// Behind its first fifth a scheduler takes no more than it took then.
    private func expectSteady(_ sizes: [ProcessSize], _ comment: String) {
      let part = max(1, sizes.count / 5)
      let parts = [sizes.dropFirst(part).prefix(part), sizes.suffix(part)].map {
        (memory: $0.map(\.memory).median, descriptors: $0.map(\.descriptors).median)
      }
      let (early, late) = (parts[0], parts[1])
      print(
        "\(sizes.count) steps, \(comment): resident \(early.memory), then \(late.memory) KiB; open files \(early.descriptors), then \(late.descriptors), \(sizes.map(\.descriptors).min() ?? 0) to \(sizes.map(\.descriptors).max() ?? 0) in all"
      )
      // Few steps say nothing of it.
      if sizes.count < 200 { return }
      #expect(late.memory * 100 <= early.memory * 105, "\(comment)")
      // Of the connections of a Postgres state, which are four at the most, there are as many as were needed at once.
      #expect(late.descriptors < early.descriptors + 4, "\(comment)")
    }

    /// A state file has no more room than its records need.
    private func expectCompact(_ world: SoakWorld, _ fires: Int) async throws {
      let compact = try await world.project.run(["state", "compact"])
      #expect(compact.status == 0, "\(compact.output)")
      if world.state == .postgres { return }
      let bytes = try FileContents.read(
        world.project.path(".tidemark/state.db"), atMost: ByteCount(1 << 30)
      ).count
      print("\(bytes) bytes of state for \(fires) fires, \(bytes / max(1, fires)) each")
      #expect(bytes < 1 << 19 + fires * 16_384)
    }
  }
}
