import ProjectRig
import Runtime
import StateStore
import Testing

/// Killed at any named place, once and once more, the run goes on when the same command is given
/// again, and leaves what an undisturbed run leaves.
@Suite(.timeLimit(.minutes(8))) struct FailpointTests {
  /// State writes that belong to other commands than `run`, or to a run whose lease must be renewed.
  private static let elsewhere: Set<String> = Set(
    [
      "renew", "supersede", "raise_revision", "drop_chunks", "adopt_chunks", "append_event", "save_receipt",
      "request_cancel", "mark_replayed", "purge_quarantine", "purge", "first_sighting", "insert_fires",
      "close_fire", "pause", "unpause", "append_job_event", "enqueue_notices", "notice_failed",
      "retry_notices",
    ].flatMap { ["state.\($0).before_commit", "state.\($0).after_commit"] })

  static let all: [String] = (Failpoint.ofRuns + StateFailpoints.all).map(\.name)
  static let reached: [String] = all.filter { !elsewhere.contains($0) }
  /// Those of chunks, blocks and sinks are passed several times.
  static let later: [String] = reached.filter {
    [
      "chunk.middle", "chunk.read", "merge.middle", "file.prepared", "file.before_rename",
      "file.after_rename",
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

  @Test(arguments: reached.map { "\($0):1:kill" } + later.map { "\($0):2:kill" })
  func killed(at failpoint: String) async throws {
    try await CrashWorld.with { world in
      let first = try await world.project.run(CrashWorld.command, failpoint: failpoint)
      try #require(first.wasKilled, "\(failpoint) was not reached: \(first.output)")
      // The second time it may not come so far as to pass the place again.
      let second = try await world.project.run(CrashWorld.command, failpoint: failpoint)
      #expect(second.wasKilled || second.status == 0, "\(second.output)")
      let third = try await world.project.run(CrashWorld.command)
      #expect(third.status == 0, "\(third.output)")
      try await world.expectUndisturbed()
    }
  }

  /// An error is taken as one of the connection: tried again where that is possible, else told.
  @Test(arguments: reached)
  func failing(at point: String) async throws {
    try await CrashWorld.with { world in
      let first = try await world.project.run(CrashWorld.command, failpoint: "\(point):1:error")
      #expect(
        first.status == 0 || (first.status == 6 && first.output.contains("failpoint")), "\(first.output)")
      let second = try await world.project.run(CrashWorld.command)
      #expect(second.status == 0, "\(second.output)")
      // Recoveries and failures are told of, as they should be.
      try await world.expectUndisturbed(notices: false)
    }
  }
}
