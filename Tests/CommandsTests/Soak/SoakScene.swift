import Glibc
import Seeds

extension CrashMatrix {
  /// Crash tests that a soak puts between faults of schedulers: runs by hand, each in a project of its own.
  enum SoakScene {
    typealias Kind = CrashWorld.StateKind

    /// Plays one of them, by arguments that the numbers decide.
    static func play(_ random: inout SeededNumbers) async throws {
      let state = random.pick(Kind.allCases)
      switch random.below(12) {
      case 0, 1:
        let (scenario, points) = random.pick(PublishPlaceTests.all)
        let place = (scenario: scenario, points: [random.pick(points)])
        if random.oneIn(2) {
          try await PublishPlaceTests().killed(state, at: place)
        } else {
          try await PublishPlaceTests().failing(at: place)
        }
      case 2: try await FailpointTests().kill(state, at: [random.pick(FailpointTests.reached) + ":1"])
      case 3: try await FailpointTests().fail(.sqlite, at: [random.pick(FailpointTests.reached)])
      case 4: try await SystemFaultTests().stop([random.pick(SystemFaultTests.stops)])
      case 5:
        try await SystemFaultTests().putToSleep(
          at: [random.pick(["plan.saved:1", "chunk.middle:3", "merge.started:1", "publish.marked:1"])])
      case 6:
        let (scenario, place) = random.pick(CancelTests.places)
        try await CancelTests().putToSleep(state, scenario, at: [place])
      case 7: try await CancelTests().withoutAnOwner(state, isPublished: random.oneIn(2))
      case 8: try await CrashMatrix.ResumeTests().afterACrash(random.pick(CrashMatrix.ResumeTests.changes))
      case 9: try await SystemFaultTests().jump(by: [(random.below(430) - 400) * 86_400])
      case 10: try await ServerFaultTests().terminate(state, at: [random.pick(ServerFaultTests.places)])
      default: try await InterruptedRunTests().startedTwiceAtOnce()
      }
    }
  }
}
