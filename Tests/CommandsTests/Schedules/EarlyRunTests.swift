import Model
import ProjectRig
import Runtime
import Testing

/// A run of an interval that has not ended yet does not count for the whole of it.
@Suite(.timeLimit(.minutes(5))) struct EarlyRunTests {
  private static let up = """
    version: 1
    timezone: UTC
    interval: {span: hour}
    source: {connection: db, table: events}
    aggregate: {group_by: [kind], measures: {rows: count(*)}}
    store: [{table: {connection: db, name: counted, mode: replace, create: true}}]

    """

  private static let down = """
    version: 1
    timezone: UTC
    interval: {span: hour}
    schedule: {cron: "1 * * * *", after: {jobs: [up], within: 30m}}
    source: {connection: db, table: counted}
    aggregate: {group_by: [kind], measures: {seen: max(rows)}}
    store: [{table: {connection: db, name: passed_on, mode: replace, create: true}}]

    """

  @Test func isMadeAnewOnceItHasEnded() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE events (kind text)", "INSERT INTO events VALUES ('a')")
      try project.write("jobs/up.yaml", Self.up)
      try project.write("jobs/down.yaml", Self.down)
      let now = ScheduledJobText.toEarlyInTheHour()
      func tidemark(_ seconds: Int, _ arguments: String...) async throws -> String {
        let run = try await project.run(arguments, environment: ScheduledJobText.later(now + seconds))
        #expect(run.status == 0, "\(run.output)")
        return run.output
      }
      let hour = (SystemClock.now.seconds + now) / 3600
      func label(_ hour: Int) -> String { Instant(seconds: hour * 3600).text().prefix(13) + "" }
      _ = try await tidemark(0, "tick")
      // The hour that goes on; a second time it is done before.
      _ = try await tidemark(0, "run", "up", "--for", label(hour))
      let again = try await tidemark(0, "run", "up", "--for", label(hour))
      #expect(again.contains("done before") && again.contains("had not ended then"), "\(again)")
      try await project.sql(
        "CREATE TABLE passed_on (kind text, seen bigint)", "INSERT INTO events VALUES ('a')")
      // Nobody has made it: what follows on it waits.
      _ = try await tidemark(3600, "tick")
      #expect(try await project.rows("SELECT seen FROM passed_on").isEmpty)
      #expect(try await !tidemark(3600, "run", "up", "--for", label(hour)).contains("done before"))
      let whole = try await tidemark(3600, "run", "up", "--for", label(hour))
      #expect(whole.contains("done before") && !whole.contains("had not ended"), "\(whole)")
      _ = try await tidemark(3600, "tick")
      #expect(try await project.rows("SELECT seen FROM passed_on") == [["2"]])
    }
  }

  /// One that was begun early, and has read all once the interval had ended, does.
  @Test func countsWhereItHasReadBehindTheEnd() async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE events (kind text)", "INSERT INTO events VALUES ('a')")
      try project.write("jobs/up.yaml", Self.up)
      let now = ScheduledJobText.toEarlyInTheHour()
      let hour = Instant(seconds: (SystemClock.now.seconds + now) / 3600 * 3600).text().prefix(13)
      let command = ["run", "up", "--for", String(hour)]
      let killed = try await project.run(
        command, failpoint: "plan.saved:1:kill", environment: ScheduledJobText.later(now))
      try #require(killed.wasKilled, "\(killed.output)")
      let next = try await project.run(command, environment: ScheduledJobText.later(now + 3600))
      #expect(next.status == 0 && !next.output.contains("done before"), "\(next.output)")
      let done = try await project.run(command, environment: ScheduledJobText.later(now + 3600))
      #expect(done.status == 0 && done.output.contains("done before"), "\(done.output)")
    }
  }
}
