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
      case 0: try await PublishPlaceTests().killed(state, at: random.pick(PublishPlaceTests.all))
      case 1: try await PublishPlaceTests().failing(at: random.pick(PublishPlaceTests.all))
      case 2: try await FailpointTests().killed(state, at: random.pick(FailpointTests.reached) + ":1")
      case 3: try await FailpointTests().failing(.sqlite, at: random.pick(FailpointTests.reached))
      case 4:
        let (signal, place) = random.pick(SystemFaultTests.stops)
        try await SystemFaultTests().toldToStop(signal, at: place)
      case 5:
        try await SystemFaultTests().zombie(
          at: random.pick(["plan.saved:1", "chunk.middle:3", "merge.started:1", "publish.marked:1"]))
      case 6: try await CancelTests().asleep(state, random.pick(CancelTests.places))
      case 7: try await CancelTests().withoutAnOwner(state, isPublished: random.oneIn(2))
      case 8: try await ResumeTests().afterACrash(random.pick(ResumeTests.changes))
      case 9: try await SystemFaultTests().jumpingClock((random.below(430) - 400) * 86_400)
      case 10: try await ServerFaultTests().terminated(state, at: random.pick(ServerFaultTests.places))
      default: try await ResumeTests().startedTwiceAtOnce()
      }
    }
  }
}
