import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// A job file that says something else by the time a dead owner's run is gone on with.
@Suite(.timeLimit(.minutes(5))) struct ChangedJobTests {
  private static let query = "SELECT ${params.size} AS n"
  private static let parameter = "params: {size: {type: integer, default: 3}}"

  private static func write(_ project: TidemarkProject, _ keys: String, query: String = query) throws {
    try project.write("jobs/job.yaml", ScheduledJobText.job(keys, query: query))
  }

  /// Past its commit a run is finished as it was begun, also where its job no longer declares its parameters: by
  /// the schedule, and by hand.
  @Test(
    arguments: ["publish.after_commit:1:kill", "publish.marked:1:kill"], [["tick"], ["resume", "job"]])
  func whatHasPublishedIsFinishedAsItWasBegun(_ place: String, _ command: [String]) async throws {
    try await TidemarkProject.with { project in
      let schedule =
        "schedule: {at: \"\(SystemClock.now.advanced(by: .seconds(-60)).text())\", catch_up: all}"
      try Self.write(project, "\(Self.parameter)\n\(schedule)")
      let first = try await project.run(["tick"], environment: ScheduledJobText.later(-3600))
      try #require(first.status == 0, "\(first.output)")
      let killed = try await project.run(["tick"], failpoint: place)
      try #require(killed.wasKilled, "\(killed.output)")
      try Self.write(project, schedule, query: "SELECT 4 AS n")
      let second = try await project.run(command)
      #expect(second.status == 0, "\(second.output)")
      if command != ["tick"] {
        #expect(second.output.contains("it was finished as it was begun"), "\(second.output)")
      }
      #expect(try await project.rows("SELECT n, rows FROM seen") == [["3", "1"]])
      let again = try await project.run(["tick"])
      #expect(again.status == 0, "\(again.output)")
      let ledger = try await project.run(["schedule", "ledger", "job", "--json"]).output
      #expect(ledger.contains("\"ran\"") || ledger.contains("\"caught_up\""), "\(ledger)")
      #expect(try await project.rows("SELECT n FROM seen") == [["3"]])
    }
  }

  /// Before the commit such a run cannot be gone on with, and is told so.
  @Test func whatHasNotPublishedIsNotFinishedByAJobThatIsGone() async throws {
    try await TidemarkProject.with { project in
      try Self.write(project, Self.parameter)
      let killed = try await project.run(["run", "job"], failpoint: "publish.before_commit:1:kill")
      try #require(killed.wasKilled, "\(killed.output)")
      try Self.write(project, "", query: "SELECT 4 AS n")
      let resumed = try await project.run(["resume", "job"])
      #expect(resumed.status == 2 && resumed.output.contains("unknown_parameter"), "\(resumed.output)")
      #expect(try await project.rows("SELECT to_regclass('seen')") == [["NULL"]])
    }
  }

  /// A fire without interval, by a trigger, is not made again and again by what its job has come to say.
  @Test func aTriggeredRunOfOtherParametersEndsAsFailed() async throws {
    try await TidemarkProject.with { project in
      let trigger = "schedule: {trigger: {file: landing/orders.csv}}"
      mkdir(project.path("landing"), 0o755)
      try Self.write(project, "\(Self.parameter)\n\(trigger)")
      let first = try await project.run(["tick"])
      try #require(first.status == 0, "\(first.output)")
      try project.write("landing/orders.csv", "1\n")
      let killed = try await project.run(
        ["tick"], failpoint: "state.checkpoint.before_commit:1:kill", environment: ScheduledJobText.later(60))
      try #require(killed.wasKilled, "\(killed.output)")
      try Self.write(project, "\(Self.parameter.replacing("3", with: "4"))\n\(trigger)")
      for _ in 0..<2 { _ = try await project.run(["tick"], environment: ScheduledJobText.later(60)) }
      let ledger = try await project.run(["schedule", "ledger", "job", "--json"]).output
      #expect(ledger.ranges(of: "\"outcome\"").count == 1 && ledger.contains("\"failed\""), "\(ledger)")
      #expect(try await project.rows("SELECT to_regclass('seen')") == [["NULL"]])
    }
  }
}
