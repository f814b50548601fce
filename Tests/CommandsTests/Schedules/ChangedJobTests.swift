import Glibc
import Model
import ProjectRig
import Runtime
import StateStore
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
      let preview = try await project.run(["resume", "job", "--dry-run"])
      #expect(
        preview.status == 0
          && preview.output.contains(
            place.contains("marked") ? "it only publishes" : "it is finished as it was begun if"),
        "\(preview.output)")
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

  /// Before the commit such a run cannot be gone on with, and is told so: its state, its fire and its notices stay. The
  /// second place is behind where it came to its sinks, so that only the target knows that nothing is published.
  @Test(
    arguments: ["state.checkpoint.before_commit:1:kill", "publish.before_commit:1:kill"],
    CrashWorld.StateKind.allCases)
  func whatHasNotPublishedIsLeftByAJobThatIsGone(_ place: String, _ state: CrashWorld.StateKind) async throws
  {
    try await TidemarkProject.with { project in
      if state == .postgres {
        try project.write("tidemark.yaml", project.file(TidemarkProject.stateLine(project.database)))
      }
      let schedule = """
        schedule: {at: "\(SystemClock.now.advanced(by: .seconds(-60)).text())", catch_up: all}
        notify: [{events: [failure], command: ["true"]}]
        """
      try Self.write(project, "\(Self.parameter)\n\(schedule)")
      let first = try await project.run(["tick"], environment: ScheduledJobText.later(-3600))
      try #require(first.status == 0, "\(first.output)")
      let killed = try await project.run(["tick"], failpoint: place, environment: Self.lease)
      try #require(killed.wasKilled, "\(killed.output)")
      let before = try await Self.whatIsKnown(project, state)
      try Self.write(project, schedule, query: "SELECT 4 AS n")
      for _ in 0..<2 {
        let refused = try await Self.free(project, ["resume", "job"])
        #expect(refused.status == 2 && refused.output.contains("unknown_parameter"), "\(refused.output)")
      }
      #expect(try await Self.whatIsKnown(project, state) == before)
      #expect(try await project.rows("SELECT to_regclass('seen')") == [["NULL"]])
      let preview = try await project.run(["resume", "job", "--dry-run"])
      #expect(preview.output.contains("The job has no parameter `size`"), "\(preview.output)")
      #expect(preview.status == (place.hasPrefix("state") ? 2 : 0), "\(preview.output)")
      try Self.write(project, "\(Self.parameter)\n\(schedule)")
      let resumed = try await Self.free(project, ["resume", "job"])
      #expect(resumed.status == 0, "\(resumed.output)")
      #expect(try await project.rows("SELECT n FROM seen") == [["3"]])
    }
  }

  /// What runs behind a publish is mended in the same edit that drops the parameter.
  @Test func whatRunsBehindThePublishIsTakenFromTheChangedFile() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE told (n int)")
      func write(_ keys: String, into table: String) throws {
        let job = ScheduledJobText.job(keys, query: keys.isEmpty ? "SELECT 4 AS n" : Self.query)
        let mended = job.replacing(
          "create: true", with: "create: true, after_publish: \"INSERT INTO \(table) VALUES (1)\"")
        try #require(mended != job)
        try project.write("jobs/job.yaml", mended)
      }
      try write(Self.parameter, into: "nothing_there")
      let first = try await project.run(["run", "job"])
      try #require(first.output.contains("nothing_there"), "\(first.output)")
      try write("", into: "told")
      let resumed = try await project.run(["resume", "job"])
      #expect(resumed.status == 0, "\(resumed.output)")
      #expect(try await project.rows("SELECT n FROM told") == [["1"]])
      #expect(try await project.rows("SELECT n FROM seen") == [["3"]])
    }
  }

  /// Owners that die are not waited for long.
  private static let lease = ["TIDEMARK_LEASE_MS": "1500"]

  /// Runs a command; again while the dead owner still has its lease.
  private static func free(_ project: TidemarkProject, _ command: [String]) async throws -> ProgramRun {
    var run = try await project.run(command, environment: lease)
    try await Patience.until("nobody has the run", said: { run.output }) {
      if run.status != 8 { return true }
      run = try await project.run(command, environment: lease)
      return false
    }
    return run
  }

  /// The runs, fires and notices.
  private static func whatIsKnown(
    _ project: TidemarkProject, _ state: CrashWorld.StateKind
  ) async throws -> String {
    var known = ""
    try await CrashWorld(project: project, state: state).state { store in
      for run in try await store.runs(RunFilter(project: "test")) {
        known += "\(run.id) \(run.state) \(run.failures) \(run.revision)\n"
      }
      let ever = TimeRange(start: Instant(seconds: 0), end: Instant(seconds: 1 << 40))
      for fire in try await store.fires(project: "test", job: JobName("job"), in: ever) {
        known += "\(fire.key.fire.text()) \(fire.outcome.rawValue) \(fire.run?.text ?? "")\n"
      }
      for notice in try await store.notices(limit: 100) { known += "\(notice.id)\n" }
    }
    return known
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
