import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// A result that is made within its publish: the transaction is open from the merge to the COMMIT.
  @Suite(.timeLimit(.minutes(8))) struct OpenPublishTests {
    /// The session that holds the rows is ended: they are made again and published.
    @Test(arguments: ["merge.middle:4", "result.made:1", "sinks.prepared:1", "publish.middle:1"])
    func terminated(at place: String) async throws {
      try await CrashWorld.with(.sqlite, .oneTable) { world in
        let output = world.project.path("said")
        let process = try #require(try await world.stopped(at: place, output: output))
        let ended = try await world.project.rows(
          """
          SELECT pg_terminate_backend(pid)::text FROM pg_locks WHERE relation = 'tidemark.fences'::regclass
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          """)
        #expect(Set(ended) == [["true"]], "\(place)")
        process.signal(SIGCONT)
        let run = try await world.project.end(of: process, output: output)
        FaultCount.add("pg_terminate_backend on an open publish")
        #expect(run.status == 0, "\(place): \(run.output)")
        try await world.expectUndisturbed(notices: false)
      }
    }

    /// An owner that sleeps within its publish holds its locks; whoever takes over ends its session.
    @Test(arguments: ["merge.middle:4", "sinks.prepared:1", "publish.started:1", "publish.middle:1"])
    func zombie(at place: String) async throws {
      try await CrashWorld.with(.postgres, .oneTable) { world in
        let output = world.project.path("said")
        let process = try #require(try await world.stopped(at: place, output: output))
        let heir = try await world.run()
        #expect(heir.status == 0, "\(place): \(heir.output)")
        process.signal(SIGCONT)
        let first = try await world.project.end(of: process, output: output)
        FaultCount.add("owner asleep within an open publish")
        #expect(first.status == 8 && first.output.contains("fenced"), "\(place): \(first.output)")
        try await world.expectUndisturbed("\(place)")
      }
    }

    /// Nobody sees rows of a result that then fails its check.
    @Test func aFailedCheckLeavesNothing() async throws {
      try await CrashWorld.with(.sqlite, .oneTable) { world in
        try world.project.write(
          "jobs/crash.yaml", world.scenario.job.replacing("severity: warn", with: "severity: error"))
        let run = try await world.run()
        #expect(run.status == 4 && run.output.contains("check_failed"), "\(run.output)")
        let left = try await world.project.rows(
          "SELECT to_regclass('by_window') IS NULL, count(*) FROM tidemark.publications")
        #expect(left == [["t", "0"]])
      }
    }
  }
}
