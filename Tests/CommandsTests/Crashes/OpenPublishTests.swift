import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// A result that is made within its publish: the transaction is open from the merge to the COMMIT.
  @Suite(.timeLimit(.minutes(8))) struct OpenPublishTests {
    /// From before the transaction begins to behind its end.
    static let places = [
      "merge.started:1", "merge.middle:1", "merge.middle:4", "file.prepared:1", "result.made:1",
      "state.save_commitment.before_commit:1", "state.save_commitment.after_commit:1",
      "state.sink_prepared.before_commit:1", "state.sink_prepared.after_commit:2", "sinks.prepared:1",
      "publish.started:1", "publish.before_commit:1", "publish.middle:1", "publish.after_commit:1",
      "state.sink_committed.before_commit:1", "publish.marked:1",
    ]

    @Test(arguments: CrashWorld.StateKind.allCases, places)
    func killed(_ state: CrashWorld.StateKind, at place: String) async throws {
      try await CrashWorld.with(state, .oneTable) { world in
        let first = try await world.run("\(place):kill")
        try #require(first.wasKilled, "\(place) was not reached: \(first.output)")
        let second = try await world.run("\(place):kill")
        #expect(second.wasKilled || second.status == 0, "\(second.output)")
        FaultCount.add("kill -9 within an open publish, \(state) state", second.wasKilled ? 2 : 1)
        let third = try await world.run()
        #expect(third.status == 0, "\(third.output)")
        try await world.expectUndisturbed()
      }
    }

    /// A transient error at the same places: the result is made once more where the target has lost it.
    @Test(arguments: places) func failing(at place: String) async throws {
      try await CrashWorld.with(.sqlite, .oneTable) { world in
        let first = try await world.run("\(place):error")
        FaultCount.add("transient error within an open publish")
        if first.status != 0 {
          #expect(first.status == 6 && first.output.contains("failpoint"), "\(first.output)")
          let second = try await world.run()
          #expect(second.status == 0, "\(second.output)")
        }
        try await world.expectUndisturbed(notices: false)
      }
    }

    /// The answers of all commits over a connection, each lost once.
    @Test func lostAnswersOfCommits() async throws {
      try await CrashWorld.with(.sqlite, .oneTable) { world in
        var number = 1
        while true {
          let killed = try await world.run("commit.answered:\(number):kill")
          if !killed.wasKilled { break }
          let resumed = try await world.run()
          #expect(resumed.status == 0, "commit \(number): \(resumed.output)")
          try await world.expectUndisturbed("commit \(number), killed")
          try await world.reset()
          let deaf = try await world.run("commit.answered:\(number):error")
          if deaf.status != 0 {
            let second = try await world.run()
            #expect(second.status == 0, "commit \(number): \(deaf.output) \(second.output)")
          }
          try await world.expectUndisturbed(notices: false, "commit \(number), answer lost")
          try await world.reset()
          FaultCount.add("commit of an open publish whose answer was lost", 2)
          number += 1
        }
        #expect(number > 5)
      }
    }

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
