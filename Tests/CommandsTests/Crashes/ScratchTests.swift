import Glibc
import ProjectRig
import Runtime
import Testing

/// What killed processes leave beside the state goes with the next command that works on a run.
@Suite(.timeLimit(.minutes(5))) struct ScratchTests {
  @Test(arguments: [["run", "sales", "--for", "2026-03-14"], ["resume", "sales"]])
  func goesWithWhateverGoesOn(_ command: [String]) async throws {
    try await SinkWorld.with { world in
      let scratch = world.project.path(".tidemark/scratch")
      let killed = try await world.run("file: {path: a.csv}", failpoint: "merge.started:1:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      #expect(try FolderTree.names(in: scratch).count == 1)
      let next = try await world.project.run(command)
      #expect(next.status == 0, "\(next.output)")
      #expect(try FolderTree.names(in: scratch).isEmpty)
    }
  }
}
