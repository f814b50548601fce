import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// The commands around schedules, by the real program.
@Suite(.timeLimit(.minutes(8))) struct ScheduleCommandTests {
  // MARK: Looking at schedules

  @Test(arguments: [
    ([], ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]),
    (
      ["--gap", "skip"],
      ["2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00"]
    ),
  ])
  func theNextFiresAreThoseOfTheZone(options: [String], fires: [String]) async throws {
    try await ScheduledJobText.with("schedule: \"@daily\"") { project in
      let next = ["schedule", "next", "30 2 * * *", "--timezone", "Europe/Berlin", "--count", "3"] + options
      let from = ["--from", "2026-03-28"]
      let json = try await project.run(next + from + ["--json"])
      let told = try JSONValue(parsing: json.output)
      #expect(json.status == 0 && told["timezone"]?.stringValue == "Europe/Berlin", "\(json.output)")
      #expect(told["fires"]?.elements.compactMap { $0["fire"]?.stringValue } == fires, "\(json.output)")
      let autumn = try await project.run(
        next + ["--from", "2026-10-25", "--overlap", "both", "--explain"])
      #expect(autumn.output.contains("2026-10-25T02:30:00+02:00"), "\(autumn.output)")
      #expect(autumn.output.contains("2026-10-25T02:30:00+01:00"), "\(autumn.output)")
      #expect(autumn.output.contains("at 02:30"), "\(autumn.output)")
    }
  }

  /// A time that the clocks did not show, or showed twice, names no moment; a date is the moment that its day begins.
  @Test(arguments: [
    (
      "Europe/Berlin", "2026-03-29T02:30:00", Int32(2),
      ["never was: the clocks of Europe/Berlin skipped it", "They went on at 2026-03-29T03:00:00+02:00"]
    ),
    (
      "Europe/Berlin", "2026-10-25 02:30", 2,
      ["came twice", "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"]
    ),
    ("Europe/Berlin", "2026-03-29T02:30:00+01", 0, ["2026-03-29T04:00:00+02:00"]),
    ("Europe/Berlin", "2026-03-29T03:30:00", 0, ["2026-03-29T04:00:00+02:00"]),
    ("America/Havana", "2026-11-01", 0, ["2026-11-01T00:00:00-05:00"]),
    ("Africa/Cairo", "2026-04-24", 0, ["2026-04-24T02:00:00+03:00"]),
  ])
  func momentsAreThoseThatTheClocksShowOnce(
    zone: String, from: String, status: Int32, says: [String]
  ) async throws {
    try await ScheduledJobText.with("schedule: \"@daily\"") { project in
      let next = ["schedule", "next", "0 * * * *", "--count", "1", "--timezone", zone]
      let told = try await project.run(next + ["--from", from])
      #expect(told.status == status, "\(told.output)")
      for text in says { #expect(told.output.contains(text), "\(told.output)") }
    }
  }

  @Test func whatCannotFireIsRefusedWithItsColumn() async throws {
    try await ScheduledJobText.with("schedule: \"@daily\"") { project in
      let never = try await project.run(["schedule", "next", "0 0 30 2 *"])
      #expect(never.status == 3 && never.output.contains("expression:1:"), "\(never.output)")
      let malformed = try await project.run(["schedule", "next", "0 25 * * *"])
      #expect(malformed.status == 3 && malformed.output.contains(":1:3: error"), "\(malformed.output)")
      #expect(malformed.output.contains("The hour 25 is outside 0 to 23"), "\(malformed.output)")
      // What cannot be taken says what can.
      for words in [
        ["next", "@daily", "--from", "294276-12-31"], ["next", "@daily", "--from", "infinity"],
        ["next", "@daily", "--count", "0"], ["next", "@daily", "--gap", "x"],
      ] {
        let refused = try await project.run(["schedule"] + words)
        #expect(refused.status == 2 && refused.output.contains("  hint: "), "\(words): \(refused.output)")
      }
      let word = try await project.run(["schedule", "nxt", "@daily"])
      #expect(word.status == 2 && word.output.contains("Did you mean `next`?"), "\(word.output)")
    }
  }

  @Test func cronPrintsALineThatAShellRunsAsItIs() async throws {
    try await ScheduledJobText.with("schedule: \"@daily\"") { project in
      let line = try await project.run(["cron", "print", "job"]).output
      #expect(line.hasPrefix("* * * * * /") && line.hasSuffix("--project \(project.folder)\n"), "\(line)")
      #expect(line.contains(" tick job --quiet "))
      // Where the command stands for `tick`, the shell starts it.
      let output = project.path("cron-output")
      let command = String(line.dropFirst("* * * * * ".count).dropLast())
      let process = try ChildProcess(
        ["/bin/sh", "-c", command], environment: ["PATH": "/usr/bin:/bin"], output: output)
      #expect(try await project.end(of: process, output: output).status == 0)
    }
  }

  @Test func nothingIsPrintedForAJobThatNothingFires() async throws {
    try await ScheduledJobText.with("interval: {span: day}") { project in
      for command in [
        ["cron", "print", "job"], ["systemd", "print", "job"], ["schedule", "next", "job"],
        ["systemd", "install", "job", "--to", project.path("jobs")],
      ] {
        let said = try await project.run(command)
        #expect(said.status == 2 && said.output.contains("error[no_schedule]"), "\(command) \(said.output)")
        #expect(said.output.contains("tidemark run job"), "\(said.output)")
      }
    }
  }

  @Test func aBackfillOfTheFutureIsRefused() async throws {
    try await ScheduledJobText.with("interval: {span: day}") { project in
      for range in [["--from", "2999-01-01"], ["--from", "2999-01-01", "--to", "2999-02-01"]] {
        let future = try await project.run(["backfill", "job"] + range + ["--dry-run"])
        #expect(future.status == 2 && future.output.contains("which is still to come"), "\(future.output)")
      }
      let turned = try await project.run(
        ["backfill", "job", "--from", "2026-03-02", "--to", "2026-03-01", "--dry-run"])
      #expect(turned.status == 2 && turned.output.contains("is not before `--to`"), "\(turned.output)")
    }
  }

  @Test func tickNamesNoFireThatAPauseLetsGoBy() async throws {
    try await ScheduledJobText.with("schedule: \"0 5 1 1 *\"") { project in
      let next = try await project.run(["tick"])
      #expect(next.output.contains("next is job at "), "\(next.output)")
      let fires = try await project.run(["schedule", "next", "job", "--count", "3", "--json"]).output
        .split(separator: "\"").filter { $0.contains("T05:00:00") }.map(String.init)
      try #require(fires.count == 3)
      // The fire at which a pause ends is the first to run.
      #expect(try await project.run(["pause", "job", "--until", fires[2]]).status == 0)
      let later = try await project.run(["tick"]).output
      #expect(later.contains("next is job at \(fires[2])"), "\(later) \(fires)")
      #expect(try await project.run(["pause", "job"]).status == 0)
      for command in [["tick"], ["tick", "--dry-run"]] {
        let never = try await project.run(command).output
        #expect(never.contains("no fire is to come but of paused jobs"), "\(never)")
      }
    }
  }

  @Test(arguments: [false, true]) func lookingMakesNoState(isPostgres: Bool) async throws {
    try await ScheduledJobText.with("interval: {span: day}\nschedule: \"@daily\"") { project in
      if isPostgres {
        try project.write("tidemark.yaml", project.file(TidemarkProject.stateLine(project.database)))
      }
      for command in [
        ["status"], ["history"], ["audit"], ["notices", "list"], ["schedule", "next", "job"],
        ["schedule", "ledger", "job"], ["plan", "job"], ["validate"], ["tick", "--dry-run"],
        ["backfill", "job", "--from", "2026-03-01", "--to", "2026-03-03", "--dry-run"], ["show", "job"],
        ["quarantine", "list"], ["cron", "print"], ["systemd", "print", "job"], ["state", "check"],
      ] {
        let said = try await project.run(command)
        #expect(said.status == 0 || said.status == 3, "\(command) \(said.output)")
        #expect(access(project.path(".tidemark"), F_OK) != 0, "\(command) made a state")
        let schemas = try await project.rows(
          "SELECT nspname FROM pg_namespace WHERE nspname = 'tidemark_state'")
        #expect(schemas.isEmpty, "\(command) made a schema")
        if command == ["status"] {
          #expect(said.output.contains("There is no state yet at "), "\(said.output)")
        }
      }
    }
  }

  // MARK: Running what was and what is

  @Test func aKilledBackfillGoesOnWithoutDoublingAnything() async throws {
    try await ScheduledJobText.with(
      "interval: {span: day}\nschedule: \"0 5 * * *\"",
      query: "SELECT ${interval.start_date} AS n"
    ) { project in
      let backfill = ["backfill", "job", "--from", "2026-03-01", "--to", "2026-03-09", "--parallel", "3"]
      let plan = try await project.run(backfill + ["--dry-run"])
      #expect(plan.status == 0 && plan.output.contains("2026-03-08"), "\(plan.output)")
      let killed = try await project.run(backfill, failpoint: "publish.after_commit:4:kill")
      #expect(killed.wasKilled, "\(killed.output)")
      let again = try await project.run(backfill)
      #expect(again.status == 0, "\(again.output)")
      let rows = try await project.rows("SELECT n, count(*), sum(rows) FROM seen GROUP BY n ORDER BY n")
      #expect(rows.count == 8 && rows.allSatisfy { $0[1] == "1" && $0[2] == "1" }, "\(rows)")
      // Nothing is missing now, nothing has failed, and the live schedule knows of none of it.
      for only in ["missing", "failed"] {
        let rest = try await project.run(backfill + ["--only", only])
        #expect(rest.status == 0, "\(rest.output)")
      }
      #expect(try await project.rows("SELECT count(*) FROM seen") == [["8"]])
      let ledger = try await project.run(["schedule", "ledger", "job", "--json"]).output
      #expect(!ledger.contains("2026-03-0"), "\(ledger)")
      let all = try await project.run(
        ["backfill", "job", "--from", "2026-03-01", "--to", "2026-03-03", "--only", "all"])
      #expect(all.status == 0, "\(all.output)")
      #expect(try await project.rows("SELECT count(*), count(DISTINCT n) FROM seen") == [["8", "8"]])
    }
  }

  @Test func runForTakesDaysAndMonths() async throws {
    try await ScheduledJobText.with(
      "interval: {span: month}\nschedule: \"0 5 1 * *\"",
      query: "SELECT ${interval.start_date} AS n, ${interval.end_date} AS until"
    ) { project in
      let month = try await project.run(["run", "job", "--for", "2026-03"])
      #expect(month.status == 0, "\(month.output)")
      #expect(try await project.rows("SELECT n FROM seen") == [["2026-03-01"]])
      try project.write(
        "jobs/daily.yaml",
        ScheduledJobText.job("interval: {span: day}", query: "SELECT ${interval.start_date} AS n"))
      let day = "SELECT (now() AT TIME ZONE 'UTC')::date - 1"
      var days = try await project.rows(day)
      let yesterday = try await project.run(["run", "daily", "--for", "yesterday"])
      #expect(yesterday.status == 0, "\(yesterday.output)")
      // Midnight may have come meanwhile.
      days += try await project.rows(day)
      let made = try await project.rows(
        "SELECT n FROM seen WHERE n::text NOT IN ('2026-03-01', '2999-01-01')")
      #expect(made.count == 1 && days.contains(made[0]), "\(made)")
      // What has not ended is made of what is there, and says so.
      let future = try await project.run(["run", "daily", "--for", "2999-01-01"])
      #expect(
        future.status == 0 && future.output.contains("the interval ends only at 2999-01-02T00:00:00Z"),
        "\(future.output)")
      #expect(!yesterday.output.contains("ends only at"), "\(yesterday.output)")
      let never = try await project.run(["run", "daily", "--for", "2026-13"])
      #expect(never.status == 2 && never.output.contains("hint"), "\(never.output)")
    }
  }

  @Test func aPausedJobsFiresAreVisible() async throws {
    try await ScheduledJobText.with("schedule: {cron: \"0 * * * *\", catch_up: all}") { project in
      let now = ScheduledJobText.toEarlyInTheHour()
      #expect(try await project.run(["tick"], environment: ScheduledJobText.later(now)).status == 0)
      let pause = try await project.run(
        ["pause", "job", "--until", "2h", "--reason", "the disk is full"],
        environment: ScheduledJobText.later(now))
      #expect(pause.status == 0, "\(pause.output)")
      let status = try await project.run(["status"], environment: ScheduledJobText.later(now)).output
      #expect(status.contains("the disk is full"), "\(status)")
      let paused = try await project.run(["tick"], environment: ScheduledJobText.later(now + 3600))
      #expect(paused.status == 0)
      #expect(try await project.run(["schedule", "ledger", "job"]).output.contains("paused"))
      // By its end the pause is over, and what comes then runs.
      let over = try await project.run(["tick"], environment: ScheduledJobText.later(now + 4 * 3600))
      #expect(over.status == 0 && over.output.contains("job"), "\(over.output)")
      #expect(try await project.rows("SELECT count(*) > 0 FROM seen") == [["t"]])
      #expect(try await project.run(["unpause", "job"]).status == 0)
    }
  }

  /// A conflict of class `conflict` that is nobody else's work is not passed over.
  @Test func aFireThatFailsForAFileInItsWayIsToldByTheExitCode() async throws {
    try await ScheduledJobText.with("schedule: {cron: \"0 * * * *\", catch_up: all}") { project in
      let job = String(decoding: try #require(try project.read("jobs/job.yaml")), as: UTF8.self)
      let store = job.split(separator: "\n").first { $0.hasPrefix("store:") }
      try project.write(
        "jobs/job.yaml",
        job.replacing(try #require(store), with: "store: {file: {path: a.csv, if_exists: fail}}"))
      try project.write("out/a.csv", "")
      let now = ScheduledJobText.toEarlyInTheHour()
      #expect(try await project.run(["tick"], environment: ScheduledJobText.later(now)).status == 0)
      let tick = try await project.run(["tick"], environment: ScheduledJobText.later(now + 3600))
      #expect(tick.status == 8 && tick.output.contains("error[file_exists]"), "\(tick.output)")
    }
  }

  /// The first interval begins before its job was seen.
  @Test func whatStatusNamesIsMadeByTheBackfillThatItNames() async throws {
    try await ScheduledJobText.with("schedule: {cron: \"0 * * * *\", catch_up: none}") { project in
      let now = ScheduledJobText.toEarlyInTheHour()
      #expect(try await project.run(["tick"], environment: ScheduledJobText.later(now)).status == 0)
      let later = ScheduledJobText.later(now + 3600)
      let status = try await project.run(["status"], environment: later).output
      #expect(status.contains("--only missing"), "\(status)")
      let backfill = try await project.run(["backfill", "job", "--only", "missing"], environment: later)
      #expect(backfill.status == 0, "\(backfill.output)")
      let after = try await project.run(["status"], environment: later).output
      #expect(!after.contains("without a success"), "\(backfill.output)\n\(after)")
    }
  }

  @Test func aMatrixFromAQueryIsOneRunARow() async throws {
    try await ScheduledJobText.with(
      "matrix: {connection: db, query: \"SELECT shop FROM shops\"}\nschedule: {cron: \"0 * * * *\", catch_up: all}",
      query: "SELECT ${matrix.shop} AS n"
    ) { project in
      try await project.sql("INSERT INTO shops VALUES ('acme'), ('globex')")
      let now = ScheduledJobText.toEarlyInTheHour()
      #expect(try await project.run(["tick"], environment: ScheduledJobText.later(now)).status == 0)
      let tick = try await project.run(["tick"], environment: ScheduledJobText.later(now + 3600))
      #expect(tick.status == 0, "\(tick.output)")
      #expect(
        try await project.rows("SELECT n, count(*) FROM seen GROUP BY n ORDER BY n") == [
          ["acme", "1"], ["globex", "1"],
        ])
      // A new row counts from when it is first seen.
      try await project.sql("INSERT INTO shops VALUES ('initech')")
      #expect(try await project.run(["tick"], environment: ScheduledJobText.later(now + 3600)).status == 0)
      #expect(try await project.run(["tick"], environment: ScheduledJobText.later(now + 7200)).status == 0)
      #expect(
        try await project.rows("SELECT n, count(*) FROM seen GROUP BY n ORDER BY n")
          == [["acme", "2"], ["globex", "2"], ["initech", "1"]])
    }
  }

  /// Nobody makes the intervals of a job whose file cannot be read.
  @Test func aJobWhoseFileCannotBeReadNeedsAPerson() async throws {
    let keys = "interval: {span: day}\nschedule: {cron: \"0 3 * * *\", catch_up: all}"
    try await ScheduledJobText.with(keys) { project in
      for days in [0, 1] {
        let tick = try await project.run(["tick"], environment: ScheduledJobText.later(days * 86400))
        try #require(tick.status == 0, "\(tick.output)")
      }
      func status(_ words: String...) async throws -> ProgramRun {
        try await project.run(["status"] + words, environment: ScheduledJobText.later(4 * 86400))
      }
      let before = try JSONValue(parsing: await status("--json").output)
      #expect(before["holes"]?.elements.count == 3 && before["faults"]?.elements == [])
      try project.write("jobs/job.yaml", ScheduledJobText.job(keys).replacing("schedule:", with: "shedule:"))
      let told = try await status()
      #expect(told.status == 3, "\(told.output)")
      for text in [
        "1 needs you, 1 well",
        "✗ \(project.folder)/jobs/job.yaml cannot be gone by: There is no key `shedule`",
        "error[unknown_key]", "Intervals without a success:",
      ] { #expect(told.output.contains(text), "\(text) in \(told.output)") }
      let after = try await status("--json")
      let json = try JSONValue(parsing: after.output)
      #expect(after.status == 3 && json["holes"] == before["holes"], "\(json.prettyText)")
      #expect(json["jobs"]?.elements.first?["interval"] == before["jobs"]?.elements.first?["interval"])
      #expect(json["faults"]?.elements.map { $0["code"]?.stringValue } == ["unknown_key"])
    }
  }

  /// Also where each row's zone comes from the query.
  @Test func statusNamesIntervalsByTheZonesOfAMatrixQuery() async throws {
    try await ScheduledJobText.with(
      "matrix: {connection: db, query: \"SELECT shop, 'Europe/Berlin' AS zone FROM shops\"}\ntimezone: ${matrix.zone}\n"
        + "interval: {span: day}\nschedule: {cron: \"0 3 * * *\"}",
      query: "SELECT ${matrix.shop} AS n"
    ) { project in
      try await project.sql("INSERT INTO shops VALUES ('acme')")
      try #require(try await project.run(["tick"]).status == 0)
      try #require(try await project.run(["run", "job", "--for", "2026-03-14"]).status == 0)
      let status = try await project.run(["status"])
      #expect(status.output.contains("  2026-03-14  r"), "\(status.output)")
    }
  }

  /// Whoever lets the data choose the name is told when it has chosen another one, also by the quiet tick of a
  /// crontab, and when it chooses the first one again.
  @Test func rowsOfAMatrixThatAreNamedAnewAreTold() async throws {
    try await ScheduledJobText.with(
      "matrix: {connection: db, query: \"SELECT shop, rate FROM shops\"}\nschedule: {cron: \"0 * * * *\"}",
      query: "SELECT ${matrix.shop} AS n"
    ) { project in
      try await project.sql(
        "ALTER TABLE shops ADD rate int", "INSERT INTO shops VALUES ('acme', 1), ('globex', 2)")
      let early = ScheduledJobText.later(ScheduledJobText.toEarlyInTheHour())
      func tick() async throws -> String {
        try await project.run(["tick", "--quiet"], environment: early).output
      }
      for _ in 0..<2 { #expect(try await tick().isEmpty) }
      for (rate, names) in [
        (1, "by `shop`, and were named by `rate`"), (2, "by `rate`, and were named by `shop`"),
      ] {
        try await project.sql("UPDATE shops SET rate = \(rate) WHERE shop = 'globex'")
        let told = try await tick()
        for text in ["jobs/job.yaml:2:", "warning[matrix_renamed]", names] {
          #expect(told.contains(text), "\(told)")
        }
        #expect(try await tick().isEmpty)
      }
      #expect(try await project.run(["audit"]).output.contains("matrix_renamed  named_by=rate  before=shop"))
    }
  }

  /// A mail each minute is read by nobody.
  @Test func aClockThatWasPutBackIsToldOnceAndShownAsLongAsItLasts() async throws {
    try await ScheduledJobText.with("schedule: {cron: \"0 * * * *\", catch_up: none}") { project in
      for hours in [0, 3] {
        let tick = try await project.run(["tick", "-q"], environment: ScheduledJobText.later(hours * 3600))
        #expect(tick.status == 0, "\(tick.output)")
      }
      let log = project.path("log")
      let told = try await project.run(["tick", "-q", "--log-file", log])
      #expect(told.status == 0 && told.output.contains("warning[clock_put_back]"), "\(told.output)")
      #expect(try await project.run(["tick", "-q"]).output.isEmpty)
      for command in [["tick"], ["tick", "--dry-run"], ["status"]] {
        let json = try await project.run(command + ["--json", "--log-file", log])
        let warnings = try JSONValue(parsing: json.output)["warnings"]?.elements
        #expect(warnings?.map { $0["code"]?.stringValue } == ["clock_put_back"], "\(command): \(json.output)")
      }
      let status = try await project.run(["status"])
      #expect(status.output.contains("warning[clock_put_back]"), "\(status.output)")
    }
  }
}
