import ProjectRig
import Runtime
import StateStore
import Testing

extension CrashMatrix {
  /// Killed at any named place, once and once more, the run goes on when the same command is given
  /// again, and leaves what an undisturbed run leaves: with either state store.
  @Suite(.timeLimit(.minutes(30))) struct FailpointTests {
    /// What a run of another kind comes to.
    private static let ofOtherJobs = [
      "chunk.before_publish", "chunk.after_publish", "ahead.begun", "ahead.middle", "ahead.stored",
      "ahead.named",
    ]
    /// Where other suites kill.
    private static let elsewhere = Set(ofOtherJobs + StatePlaceTests.places)

    static let all: [String] = (Failpoint.ofRuns + StateFailpoints.all).map(\.name)
    static let reached: [String] = all.filter { !elsewhere.contains($0) }
    /// Those of chunks, blocks, sinks and transactions are passed several times.
    static let later: [String] = reached.filter {
      [
        "chunk.middle", "chunk.read", "merge.middle", "file.prepared", "file.before_rename",
        "file.after_rename", "commit.answered", "publish.middle",
      ].contains($0)
        || $0.hasPrefix("state.checkpoint") || $0.hasPrefix("state.sink_committed")
    }

    @Test func theProgramListsThemAll() async throws {
      try await TidemarkProject.with { project in
        let run = try await project.run(["failpoints"])
        #expect(run.output.split(separator: "\n").map(String.init) == Self.all)
        #expect(Self.elsewhere.isSubset(of: Self.all))
        let others = PublishPlaceTests.all.flatMap(\.points)
        for place in Self.ofOtherJobs {
          #expect(others.contains { $0.hasPrefix(place + ":") }, "\(place) is killed nowhere")
        }
        let misspelt = try await project.run(["failpoints"], failpoint: "run.opne:1:kill")
        #expect(misspelt.status == 2 && misspelt.output.contains("run.open"))
      }
    }

    @Test(arguments: CrashWorld.StateKind.allCases)
    func killed(_ state: CrashWorld.StateKind) async throws {
      try await kill(state, at: Self.reached.map { "\($0):1" } + Self.later.map { "\($0):2" })
    }

    func kill(_ state: CrashWorld.StateKind, at places: [String]) async throws {
      try await CrashWorld.each(of: places, state) { world, failpoint in
        let kills = try await world.expectUndisturbed(killedAt: failpoint)
        FaultCount.add("kill -9 at a named place, \(state) state", kills)
      }
    }

    /// What is not the state's own is the same for both.
    @Test(arguments: CrashWorld.StateKind.allCases)
    func failing(_ state: CrashWorld.StateKind) async throws {
      let points = Self.reached.filter { point in
        state == .sqlite
          || ["state.checkpoint", "state.sink", "state.move"].contains { point.hasPrefix($0) }
      }
      try await fail(state, at: points)
    }

    func fail(_ state: CrashWorld.StateKind, at points: [String]) async throws {
      try await CrashWorld.each(of: points, state) { world, point in
        try await world.expectUndisturbed(failingAt: "\(point):1")
        FaultCount.add("transient error at a named place, \(state) state")
      }
    }

    /// Killed between what it tells of its result and its notices, or behind the first of them: the next command sends
    /// what is left, which may arrive once more, under the same id.
    @Test(arguments: [("notice.before_send", 0), ("notice.after_send", 1)])
    func killedAmidItsNotices(_ place: String, _ sent: Int) async throws {
      try await CrashWorld.with { world in
        let file = world.project.path("received")
        try world.project.write(
          "jobs/crash.yaml",
          world.scenario.job.replacing(
            "command: [\"true\"]",
            with: "command: [/bin/sh, -c, \"echo $TIDEMARK_NOTICE_ID >> $0\", \"\(file)\"]"))
        func received() throws -> [Substring] {
          String(decoding: try world.project.read("received") ?? [], as: UTF8.self).split(separator: "\n")
        }
        let killed = try await world.run("\(place):1:kill")
        #expect(killed.wasKilled && killed.output.contains("by_window: "), "\(killed.output)")
        #expect(try received().count == sent)
        FaultCount.add("kill -9 amid notices")
        for _ in 0..<2 {
          let tick = try await world.project.run(["tick"], environment: ScheduledJobText.later(600))
          #expect(tick.status == 0, "\(tick.output)")
        }
        let all = try received()
        #expect(all.count == sent + 1 && Set(all).count == 1, "\(all)")
        try await world.expectUndisturbed(place)
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
        #expect(
          last.output.contains("warning run_taken_over run=")
            && last.output.contains("pid \(process.identifier)\""), "\(last.output)")
        try await world.expectUndisturbed()
      }
    }
  }
}
