import DemoServer
import Glibc
import Model
import Postgres
import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// `pg_ctl restart -m immediate` of the source's, the target's and the state's server, each a server of its own,
  /// while the run stands still at a place and while it goes on.
  @Suite(.timeLimit(.minutes(30))) struct RestartTests {
    /// In the middle of a COPY, of a checkpoint, of a publish, and between a commit and its answer.
    static let places = [
      "snapshot.taken:1", "chunk.middle:3", "state.checkpoint.before_commit:2", "publish.middle:1",
      "commit.answered:6", "publish.after_commit:1", "state.sink_committed.before_commit:1",
    ]

    enum Victim: Int, CaseIterable, Sendable { case source, target, state }

    @Test func restarted() async throws {
      let cases = CrashScenario.usual.flatMap { scenario in Victim.allCases.map { (scenario, $0) } }
      await Lanes.work(through: cases, atMost: 3) { cases in
        try await OwnServers.with(3) { servers in
          while let (scenario, victim) = cases.next() {
            // The crash job's project over three servers, its target the world's own.
            try await CrashWorld.with(.sqlite, scenario, on: servers[1]) { world in
              let world = try await world.moved(source: servers[0], state: servers[2])
              try await restart(victim, servers[victim.rawValue], world)
            }
          }
        }
      }
    }

    private func restart(_ victim: Victim, _ server: DemoServer, _ world: CrashWorld) async throws {
      for place in Self.places + (world.scenario == .chunks ? ["chunk.after_publish:2"] : []) {
        let output = try world.project.newOutput()
        let process = try #require(try await world.stopped(at: place, output: output), "\(place)")
        // It goes on while the server is away.
        async let restart: Void = server.restartImmediately()
        process.signal(SIGCONT)
        let first = try await world.project.end(of: process, output: output)
        try await restart
        FaultCount.add("pg_ctl restart -m immediate of the \(victim) server")
        let comment = "\(victim) at \(place)"
        if first.status != 0 {
          #expect(first.status == 6 || first.status == 1, "\(comment): \(first.output)")
          let second = try await world.run()
          #expect(second.status == 0, "\(comment): \(first.output)\n\(second.output)")
        }
        try await world.expectUndisturbed(notices: false, comment)
        try await world.reset()
      }
    }
  }
}
