import Glibc
import ProjectRig
import Testing

/// Jobs that a notification or a file fires, by the real program.
@Suite(.timeLimit(.minutes(8))) struct TriggerCommandTests {
  /// A job of what is sent on a channel and stands in a table, which has been seen once.
  private static func withLoadLog(_ body: (TidemarkProject) async throws -> Void) async throws {
    try await ScheduledJobText.with(
      """
      params: {shop: {type: text, default: none}}
      schedule: {trigger: {listen: loaded, missed: "SELECT at, payload FROM load_log"}}
      """, query: "SELECT ${params.shop} AS n"
    ) { project in
      try await project.sql("CREATE TABLE load_log (at timestamptz, payload text)")
      #expect(try await project.run(["tick"]).status == 0)
      try await body(project)
    }
  }

  @Test func whatWasSentWhileNobodyListenedIsFound() async throws {
    try await Self.withLoadLog { project in
      try await project.sql(
        "INSERT INTO load_log SELECT clock_timestamp(), '{\"shop\": \"acme\"}'",
        "INSERT INTO load_log SELECT clock_timestamp(), '{\"shop\": \"globex\"}'")
      for _ in 0..<2 { #expect(try await project.run(["tick"]).status == 0) }
      #expect(
        try await project.rows("SELECT n, count(*) FROM seen GROUP BY n ORDER BY n") == [
          ["acme", "1"], ["globex", "1"],
        ])
      // While a scheduler listens, a notification is enough to have it looked for.
      let scheduler = try RunningScheduler(project)
      #expect(try await scheduler.says("scheduler_started"))
      try await project.sql(
        "INSERT INTO load_log SELECT clock_timestamp(), '{\"shop\": \"initech\"}'", "NOTIFY loaded")
      #expect(try await scheduler.says("outcome=ran"))
      try await scheduler.stop()
      #expect(try await project.rows("SELECT count(*) FROM seen WHERE n = 'initech'") == [["1"]])
    }
  }

  /// By a clock that is off. What comes behind it, and before its time, is not lost.
  @Test func anEventAheadOfItsTimeHidesNoOther() async throws {
    try await Self.withLoadLog { project in
      for (shop, ahead) in [("acme", "2 hours"), ("globex", "0")] {
        try await project.sql(
          "INSERT INTO load_log SELECT clock_timestamp() + '\(ahead)', '{\"shop\": \"\(shop)\"}'")
        #expect(try await project.run(["tick"]).status == 0)
      }
      #expect(try await project.rows("SELECT n FROM seen WHERE n = 'globex'") == [["globex"]])
    }
  }

  @Test func aFileThatAppearsFiresOnce() async throws {
    try await ScheduledJobText.with("schedule: {trigger: {file: landing/orders.csv}}") { project in
      mkdir(project.path("landing"), 0o755)
      #expect(try await project.run(["tick"]).status == 0)
      try project.write("landing/orders.csv", "1\n")
      // A file must have been left alone for a second.
      for _ in 0..<2 {
        #expect(try await project.run(["tick"], environment: ScheduledJobText.later(60)).status == 0)
      }
      #expect(try await project.rows("SELECT count(*) FROM seen") == [["1"]])
    }
  }

  /// Its time was set by somebody, or by another machine's clock.
  @Test func aFileOfATimeToComeFiresOnce() async throws {
    try await ScheduledJobText.with("schedule: {trigger: {file: landing/orders.csv}}") { project in
      mkdir(project.path("landing"), 0o755)
      #expect(try await project.run(["tick"]).status == 0)
      try project.write("landing/orders.csv", "1\n")
      var times = [timespec(), timespec()]
      for index in times.indices { times[index].tv_sec = time(nil) + 600 }
      #expect(utimensat(AT_FDCWD, project.path("landing/orders.csv"), &times, 0) == 0)
      for offset in [60, 1200] {
        let tick = try await project.run(["tick"], environment: ScheduledJobText.later(offset))
        #expect(tick.status == 0, "\(tick.output)")
      }
      #expect(try await project.rows("SELECT count(*) FROM seen") == [["1"]])
    }
  }
}
