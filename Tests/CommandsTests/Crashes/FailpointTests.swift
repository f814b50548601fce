import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// Killed at any named place, once and once more, the run goes on when the same command is given
  /// again, and leaves what an undisturbed run leaves: with either state store.
  @Suite(.timeLimit(.minutes(8))) struct FailpointTests {
    /// What belongs to other commands than `run`, or to runs of another kind.
    private static let elsewhere: Set<String> = Set(
      ["chunk.before_publish", "chunk.after_publish"]
        + [
          "renew", "supersede", "raise_revision", "drop_chunks", "adopt_chunks", "append_event",
          "save_receipt",
          "request_cancel", "mark_replayed", "purge_quarantine", "purge", "first_sighting", "insert_fires",
          "close_fire", "pause", "unpause", "append_job_event", "enqueue_notices", "notice_failed",
          "retry_notices",
        ].flatMap { ["state.\($0).before_commit", "state.\($0).after_commit"] })

    static let all: [String] = (Failpoint.ofRuns + StateFailpoints.all).map(\.name)
    static let reached: [String] = all.filter { !elsewhere.contains($0) }
    /// Those of chunks, blocks, sinks and transactions are passed several times.
    static let later: [String] = reached.filter {
      [
        "chunk.middle", "chunk.read", "merge.middle", "file.prepared", "file.before_rename",
        "file.after_rename", "commit.answered", "publish.middle",
      ].contains($0)
        || $0.hasPrefix("state.checkpoint") || $0.hasPrefix("state.sink_prepared")
        || $0.hasPrefix("state.sink_committed")
    }

    @Test func theProgramListsThemAll() async throws {
      try await TidemarkProject.with { project in
        let run = try await project.run(["failpoints"])
        #expect(run.output.split(separator: "\n").map(String.init) == Self.all)
        #expect(Self.elsewhere.isSubset(of: Self.all))
        let misspelt = try await project.run(["failpoints"], failpoint: "run.opne:1:kill")
        #expect(misspelt.status == 2 && misspelt.output.contains("run.open"))
      }
    }

    @Test(
      arguments: CrashWorld.StateKind.allCases, reached.map { "\($0):1:kill" } + later.map { "\($0):2:kill" })
    func killed(_ state: CrashWorld.StateKind, at failpoint: String) async throws {
      try await CrashWorld.with(state) { world in
        let first = try await world.run(failpoint)
        try #require(first.wasKilled, "\(failpoint) was not reached: \(first.output)")
        // The second time it may not come so far as to pass the place again.
        let second = try await world.run(failpoint)
        #expect(second.wasKilled || second.status == 0, "\(second.output)")
        FaultCount.add("kill -9 at a named place, \(state) state", second.wasKilled ? 2 : 1)
        let third = try await world.run()
        #expect(third.status == 0, "\(third.output)")
        try await world.expectUndisturbed()
      }
    }

    /// An error is taken as one of the connection: tried again where that is possible, else told. What is
    /// not the state's own is the same for both.
    private static let errors =
      reached.map { (CrashWorld.StateKind.sqlite, $0) }
      + reached.filter { point in
        ["state.checkpoint", "state.sink", "state.move"].contains { point.hasPrefix($0) }
      }.map { (CrashWorld.StateKind.postgres, $0) }

    @Test(arguments: errors)
    func failing(_ state: CrashWorld.StateKind, at point: String) async throws {
      try await CrashWorld.with(state) { world in
        let first = try await world.run("\(point):1:error")
        FaultCount.add("transient error at a named place, \(state) state")
        #expect(
          first.status == 0 || (first.status == 6 && first.output.contains("failpoint")), "\(first.output)")
        if first.status != 0 {
          let second = try await world.run()
          #expect(second.status == 0, "\(second.output)")
        }
        // Recoveries and failures are told of, as they should be.
        try await world.expectUndisturbed(notices: false)
      }
    }

    /// One that hangs is ended from outside; who asks meanwhile is told that it is at work.
    @Test(arguments: ["chunk.middle", "merge.middle", "publish.middle", "file.before_rename"])
    func hanging(at point: String) async throws {
      try await CrashWorld.with { world in
        let output = world.project.path("first")
        let process = try #require(try await world.stopped(at: "\(point):1", output: output))
        FaultCount.add("hang at a named place")
        let other = try await world.run()
        #expect(other.status == 8 && other.output.contains("error[held]"), "\(other.output)")
        process.signal(9)
        _ = try await world.project.end(of: process, output: output)
        let last = try await world.run()
        #expect(last.status == 0, "\(last.output)")
        try await world.expectUndisturbed()
      }
    }

    /// The answers of all commits of a run, each lost once: those of the target, and of the state. Every
    /// fifth of the state's, unless many kills are asked for.
    @Test(arguments: CrashWorld.StateKind.allCases)
    func lostAnswersOfCommits(_ state: CrashWorld.StateKind) async throws {
      try await CrashWorld.with(state) { world in
        let isLong = Environment.process["TIDEMARK_TEST_KILLS"].flatMap(Int.init) ?? 0 > 1000
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
            #expect(deaf.status == 6, "commit \(number): \(deaf.output)")
            let second = try await world.run()
            #expect(second.status == 0, "commit \(number): \(second.output)")
          }
          try await world.expectUndisturbed(notices: false, "commit \(number), answer lost")
          try await world.reset()
          FaultCount.add("commit whose answer was lost, \(state) state", 2)
          number += state == .sqlite || isLong ? 1 : 5
        }
        #expect(number > 8)
      }
    }
  }
}
