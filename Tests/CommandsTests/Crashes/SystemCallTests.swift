import Glibc
import ProjectRig
import Runtime
import Seeds
import Testing

extension CrashMatrix {
  /// Killed as it enters the n-th call of a kind to the system, for every kind that leaves something behind. The
  /// points are drawn from all that a thread of an undisturbed run passes, each once; a run that was killed is gone on
  /// with, and killed at the next point, until one comes to its end.
  ///
  /// `TIDEMARK_TEST_TIMES` asks for more points, `TIDEMARK_TEST_SEED` for those of an earlier run.
  @Suite(.timeLimit(.minutes(60))) struct SystemCallTests {
    /// Not every kind of machine has all of them.
    static let calls = [
      "write", "pwrite64", "sendto", "fsync", "fdatasync", "rename", "renameat", "renameat2", "unlink",
      "unlinkat", "connect", "close", "ftruncate", "openat", "mkdir", "mkdirat", "fcntl", "rmdir", "recvfrom",
    ]

    @Test func killed() async throws {
      guard try await SystemProgram.hasStrace else {
        print("NOT TESTED: kill -9 at calls of the system. strace is not here, or not allowed")
        return
      }
      let parts = CrashWorld.StateKind.allCases.flatMap { state in
        CrashScenario.usual.map { (state, $0) }
      }
      await Lanes.work(through: parts) { parts in
        while let (state, scenario) = parts.next() { try await killed(state, scenario) }
      }
    }

    private func killed(_ state: CrashWorld.StateKind, _ scenario: CrashScenario) async throws {
      let demand = FaultDemand(8)
      var random = demand.numbers("\(state) \(scenario)")
      try await CrashWorld.with(state, scenario) { world in
        let all = try await SystemCall.all(
          of: Self.calls, in: world.project, CrashWorld.command, environment: CrashWorld.environment)
        try await world.reset()
        var last: [SystemCall] = []
        var kills = 0
        for point in all.shuffled(using: &random) where kills < demand.count {
          last.append(point)
          let run = try await world.project.run(
            CrashWorld.command, environment: CrashWorld.environment,
            behind: point.killer)
          if run.wasKilled {
            kills += 1
            continue
          }
          #expect(run.status == 0, "\(demand), killed at \(last): \(run.output)")
          try await world.expectUndisturbed("\(demand), killed at \(last)")
          try await world.reset()
          last = []
        }
        FaultCount.add("kill -9 at a call of the system, \(state) state, \(scenario)", kills)
        let end = try await world.run()
        #expect(end.status == 0, "\(demand), killed at \(last): \(end.output)")
        try await world.expectUndisturbed("\(demand), killed at \(last)")
      }
    }
  }
}
