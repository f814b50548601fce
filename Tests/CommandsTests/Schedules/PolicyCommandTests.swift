import Model
import ProjectRig
import Runtime
import Testing

/// What holds fires back, ends them or makes them again, by the real program.
@Suite(.timeLimit(.minutes(8))) struct PolicyCommandTests {
  /// A job that fails while the table `shops` is empty.
  private static let query = "SELECT 1 / count(*)::int AS n FROM shops"
  private static let hourly = "{cron: \"0 * * * *\", catch_up: all, if_running: queue_all}"

  private static func with(_ keys: String, _ body: (TidemarkProject) async throws -> Void) async throws {
    try await ScheduledJobText.with(keys, query: query, body)
  }

  private static func tick(_ project: TidemarkProject, at seconds: Int) async throws -> ProgramRun {
    try await project.run(["tick"], environment: ScheduledJobText.later(seconds))
  }

  /// Also where nobody was left to tell it once the run was over.
  @Test func aLateSuccessIsTold() async throws {
    let keys = """
      timezone: UTC
      schedule: {cron: "15 2 * * *", finish_by: "02:16"}
      notify: [{events: [late], command: ["true"]}]
      """
    try await Self.with(keys) { project in
      try await project.sql("INSERT INTO shops VALUES ('acme')")
      let early = 86_400 + 2 * 3600 + 14 * 60 - SystemClock.now.seconds % 86_400
      #expect(try await Self.tick(project, at: early).status == 0)
      let killed = try await project.run(
        ["tick"], failpoint: "run.after_success:1:kill", environment: ScheduledJobText.later(early + 180))
      try #require(killed.wasKilled, "\(killed.output)")
      let notices = try await project.run(["notices", "list", "--json"]).output
      #expect(notices.contains("\"event\": \"late\""), "\(notices)")
      // The next day's fire is found in the morning only.
      let caughtUp = try await Self.tick(project, at: early + 86_400 + 4 * 3600)
      #expect(caughtUp.status == 0 && caughtUp.output.contains("caught_up"), "\(caughtUp.output)")
      let told = try await project.run(["notices", "list", "--json"]).output
      let late = "\"event\": \"late\""
      #expect(told.ranges(of: late).count == 2 * notices.ranges(of: late).count, "\(told)")
    }
  }

  @Test func whatFailsInARowIsPausedAndSaysSo() async throws {
    try await Self.with("errors: {pause_after: 2}\nschedule: \(Self.hourly)") { project in
      let now = ScheduledJobText.toEarlyInTheHour()
      #expect(try await Self.tick(project, at: now).status == 0)
      let first = try await Self.tick(project, at: now + 3600)
      #expect(first.status == 1 && !first.output.contains("is paused"), "\(first.output)")
      let second = try await Self.tick(project, at: now + 7200)
      #expect(second.output.contains("job is paused: the last 2 fires failed"), "\(second.output)")
      #expect(second.output.contains("`tidemark unpause job`"), "\(second.output)")
      let status = try await project.run(["status"], environment: ScheduledJobText.later(now + 7200)).output
      #expect(status.contains("the last 2 fires failed, one after the other"), "\(status)")
      #expect(try await Self.tick(project, at: now + 3 * 3600).status == 0)
      let ledger = try await project.run(["schedule", "ledger", "job"]).output
      #expect(ledger.ranges(of: "failed").count == 2 && ledger.contains("paused"), "\(ledger)")
      // The fault is put right, and somebody ends the pause.
      try await project.sql("INSERT INTO shops VALUES ('acme')")
      let unpaused = try await project.run(["unpause", "job"])
      #expect(unpaused.status == 0 && unpaused.output.contains("job is due again"), "\(unpaused.output)")
      let last = try await Self.tick(project, at: now + 4 * 3600)
      #expect(last.status == 0 && last.output.contains("ran"), "\(last.output)")
    }
  }

  @Test func whatRetriesByItselfSaysWhen() async throws {
    let notify = "notify: [{events: [failure], command: [\"true\"]}]"
    try await Self.with("errors: {rerun: {attempts: 2, wait: 30m}}\n\(notify)\nschedule: \(Self.hourly)") {
      project in
      let now = ScheduledJobText.toEarlyInTheHour()
      #expect(try await Self.tick(project, at: now).status == 0)
      #expect(try await Self.tick(project, at: now + 3600).status == 1)
      let told = try await project.run(["notices", "list", "--json"]).output
      #expect(told.contains("\"retry_at\""), "\(told)")
      let later = ScheduledJobText.later(now + 3600)
      let waiting = try await project.run(["status"], environment: later).output
      #expect(waiting.contains("retries by itself at "), "\(waiting)")
      #expect(waiting.contains("1 waits"), "\(waiting)")
      let json = try await project.run(["status", "--json"], environment: later).output
      #expect(json.contains("\"needs_person\": false") && json.contains("\"retries\": \"at "), "\(json)")
      // Before its time it is left alone, and whoever ticks is told that something waits.
      let early = try await Self.tick(project, at: now + 3700)
      #expect(early.status == 0 && early.output.contains("1 fire waits"), "\(early.output)")
      let due = try await project.run(["status"], environment: ScheduledJobText.later(now + 3600 + 2400))
        .output
      #expect(due.contains("retries by itself with the next tick"), "\(due)")
      try await project.sql("INSERT INTO shops VALUES ('acme')")
      let last = try await Self.tick(project, at: now + 3600 + 2400)
      #expect(last.status == 0, "\(last.output)")
      let well = try await project.run(["status"], environment: ScheduledJobText.later(now + 3600 + 2400))
        .output
      #expect(well.contains("1 well") && !well.contains("retries"), "\(well)")
    }
  }

  /// A run by hand with other parameters is another run than the schedule's, whose fire still waits.
  @Test func aRunWithOtherParametersClosesNoFire() async throws {
    let keys = """
      params: {least: {type: integer, default: 0}}
      interval: {span: hour}
      schedule: {cron: "0 * * * *", catch_up: all, after: {jobs: [up], within: 2h}}
      """
    try await Self.with(keys) { project in
      try await project.sql("INSERT INTO shops VALUES ('acme')")
      try project.write(
        "jobs/up.yaml", ScheduledJobText.job("interval: {span: hour}", table: "loaded"))
      let now = ScheduledJobText.toEarlyInTheHour()
      #expect(try await Self.tick(project, at: now).status == 0)
      let waits = try await Self.tick(project, at: now + 3600)
      #expect(waits.status == 0 && waits.output.contains("1 fire waits"), "\(waits.output)")
      let end = (SystemClock.now.seconds + now) / 3600 * 3600 + 3600
      let interval = ["--interval-start", "\(end - 3600)", "--interval-end", "\(end)"].map { word in
        Int(word).map { Instant(seconds: $0).text() } ?? word
      }
      let run = try await project.run(
        ["run", "job", "--set", "least=1"] + interval, environment: ScheduledJobText.later(now + 3700))
      #expect(run.status == 0, "\(run.output)")
      let ledger = try await project.run(["schedule", "ledger", "job"]).output
      #expect(ledger.contains("pending") && !ledger.contains(" ran"), "\(ledger)")
    }
  }

  /// Neither is a run gone on with whose process died, until the pause is over.
  @Test func nothingOfAPausedJobGoesOn() async throws {
    try await Self.with("schedule: \(Self.hourly)") { project in
      try await project.sql("INSERT INTO shops VALUES ('acme')")
      let now = ScheduledJobText.toEarlyInTheHour()
      #expect(try await Self.tick(project, at: now).status == 0)
      let killed = try await project.run(
        ["tick"], failpoint: "chunk.read:1:kill", environment: ScheduledJobText.later(now + 3600))
      try #require(killed.wasKilled, "\(killed.output)")
      let pause = try await project.run(["pause", "job", "--cancel", "--reason", "wrong prices"])
      #expect(pause.output.contains("nothing of it runs now"), "\(pause.output)")
      let paused = try await Self.tick(project, at: now + 3660)
      #expect(paused.status == 0 && !paused.output.contains("run_succeeded"), "\(paused.output)")
      let unpaused = try await project.run(["unpause", "job"])
      #expect(unpaused.status == 0, "\(unpaused.output)")
      let last = try await Self.tick(project, at: now + 3720)
      #expect(last.output.contains("run_succeeded"), "\(last.output)")
    }
  }

  @Test func whatComesAfterAnotherWaitsForItAndNoLonger() async throws {
    try await Self.with("schedule: \(Self.hourly)") { project in
      try project.write(
        "jobs/report.yaml",
        ScheduledJobText.job(
          "schedule: {cron: \"0 * * * *\", catch_up: all, after: {jobs: [job], within: 2h}}",
          table: "reported"))
      let now = ScheduledJobText.toEarlyInTheHour()
      #expect(try await Self.tick(project, at: now).status == 0)
      // The job fails, and the report waits: it may still be made.
      #expect(try await Self.tick(project, at: now + 3600).status == 1)
      let waits = try await Self.tick(project, at: now + 3700)
      #expect(waits.status == 0 && waits.output.contains("1 fire waits"), "\(waits.output)")
      let preview = try await project.run(
        ["tick", "--dry-run"], environment: ScheduledJobText.later(now + 3700))
      #expect(preview.output.contains("pending, waits for job"), "\(preview.output)")
      try await project.sql("INSERT INTO shops VALUES ('acme')")
      // Two hours later it is too late for the first, and the others run one behind the other.
      let late = try await Self.tick(project, at: now + 3 * 3600)
      #expect(late.status == 0, "\(late.output)")
      let ledger = try await project.run(["schedule", "ledger", "report"]).output
      #expect(ledger.ranges(of: "upstream_failed").count == 1, "\(ledger)")
      #expect(try await project.rows("SELECT count(*) FROM reported") == [["2"]])
    }
  }

  @Test func aPauseEndsWhatRunsNowWhereThatIsAsked() async throws {
    try await TidemarkProject.with { project in
      try await project.sql(
        "CREATE FUNCTION linger() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM pg_sleep(300)'")
      try project.write(
        "jobs/slow.yaml",
        ScheduledJobText.job("schedule: {cron: \"* * * * * *\"}", query: "SELECT linger() AS n"))
      let scheduler = try RunningScheduler(project)
      try await Patience.until("the query runs", said: { try scheduler.log }) {
        try await !project.rows(
          """
          SELECT 1 FROM pg_stat_activity
          WHERE query LIKE '%linger()%' AND state = 'active' AND pid <> pg_backend_pid()
          """
        ).isEmpty
      }
      let pause = try await project.run(["pause", "slow", "--cancel", "--reason", "wrong prices", "--json"])
      #expect(pause.status == 0 && pause.output.contains("\"result\": \"asked\""), "\(pause.output)")
      #expect(try await scheduler.says("outcome=cancelled"))
      let again = try await project.run(["pause", "slow", "--cancel", "--until", "2h"])
      #expect(again.status == 0 && again.output.contains("nothing of it runs now"), "\(again.output)")
      let status = try await project.run(["status"]).output
      #expect(status.contains("slow is paused until "), "\(status)")
      // Nothing of it begins any more, and nothing is left in the database.
      #expect(try scheduler.log.ranges(of: "fire_started").count == 1)
      #expect(try await project.run(["unpause", "slow"]).status == 0)
      #expect(try await scheduler.says("fire_started", times: 2))
      try await scheduler.stop()
    }
  }

  @Test func aBackfillBesideARunningSchedulerDisturbsNobody() async throws {
    try await TidemarkProject.with { project in
      try project.write(
        "jobs/job.yaml",
        ScheduledJobText.job(
          "schedule: {cron: \"* * * * * *\", catch_up: all, if_running: queue_all}",
          query: "SELECT ${interval.start} AS n"))
      let scheduler = try RunningScheduler(project)
      #expect(try await scheduler.says("outcome=ran"))
      let backfill = [
        "backfill", "job", "--from", "2026-03-01T00:00:00Z", "--to", "2026-03-01T00:00:08Z", "--parallel",
        "2",
      ]
      for _ in 0..<2 {
        let made = try await project.run(backfill)
        #expect(made.status == 0, "\(made.output)")
      }
      let ran = try scheduler.log.ranges(of: "outcome=ran").count
      #expect(try await scheduler.says("outcome=ran", times: ran + 2))
      try await scheduler.stop()
      // Each second of both, once; the ledger knows of the live ones alone.
      let made = "FROM seen WHERE n < '2026-03-02'"
      let counts = try await project.rows("SELECT count(*), count(DISTINCT n) \(made)")[0]
      #expect(counts[0] == counts[1] && Int(counts[0]).map { (7...8).contains($0) } == true, "\(counts)")
      let live = try await project.rows(
        "SELECT count(*) = count(DISTINCT n) FROM seen WHERE n >= '2026-03-02'")
      #expect(live == [["t"]])
      let ledger = try await project.run(["schedule", "ledger", "job", "--json"]).output
      #expect(!ledger.contains("2026-03-01"), "\(ledger)")
      #expect(!ledger.contains("skipped_running") && !ledger.contains("outside_window"), "\(ledger)")
    }
  }
}
