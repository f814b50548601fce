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
  @Suite(.timeLimit(.minutes(10))) struct RestartTests {
    /// In the middle of a COPY, of a checkpoint, of a publish, and between a commit and its answer.
    static let places = [
      "snapshot.taken:1", "chunk.middle:3", "state.checkpoint.before_commit:2", "publish.middle:1",
      "commit.answered:6", "publish.after_commit:1", "state.sink_committed.before_commit:1",
    ]

    enum Victim: String, CaseIterable, Sendable { case source, target, state }

    /// The crash job's project over three servers, its target the world's own.
    private func withThree(
      _ scenario: CrashScenario = .groups,
      _ body: (CrashWorld, _ servers: [Victim: DemoServer]) async throws -> Void
    ) async throws {
      var options = DemoServer.Options()
      options.isDurable = true
      var servers: [Victim: DemoServer] = [:]
      let outcome: Result<Void, any Error>
      do {
        for victim in Victim.allCases { servers[victim] = try await DemoServer.start(options) }
        let target = try #require(servers[.target])
        let source = try #require(servers[.source])
        let state = try #require(servers[.state])
        try await CrashWorld.with(.sqlite, scenario, on: target) { world in
          try await body(try await world.moved(source: source, state: state), servers)
        }
        outcome = .success(())
      } catch {
        outcome = .failure(error)
      }
      for server in servers.values { try server.stop() }
      try outcome.get()
    }

    @Test(arguments: CrashScenario.allCases, Victim.allCases)
    func restarted(_ scenario: CrashScenario, _ victim: Victim) async throws {
      try await withThree(scenario) { world, servers in
        let server = try #require(servers[victim])
        for place in Self.places + (scenario == .chunks ? ["chunk.after_publish:2"] : []) {
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
}
