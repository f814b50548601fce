import ProjectRig
import Testing

/// What a run tells of its targets: what fails at its place in the job's file, and what was published before.
@Suite(.timeLimit(.minutes(3))) struct SinkReportTests {
  /// - Parameters:
  ///   - rule: what is added to the store's table, in line 9.
  ///   - told: where, and by which code.
  @Test(arguments: [
    (
      "", "CREATE TABLE result (day date, shop text, n bigint CHECK (n < 0), total numeric)",
      "9:35: error[check_violation]"
    ),
    ("before_publish: INSERT INTO nowhere VALUES (1)", "", "9:116: error[unknown_table]"),
    ("after_publish: [\"SELECT 1 / 0\"]", "", "9:105: error[bad_value]"),
    (
      "before_publish: INSERT INTO nowhere VALUES (1)", "CREATE TABLE result (LIKE model)",
      "9:117: error[unknown_table]"
    ),
  ])
  func aFaultIsToldAtItsPlace(rule: String, table: String, told: String) async throws {
    try await SinkWorld.with { world in
      try await world.project.sql("CREATE TABLE model (day date, shop text, n bigint, total numeric)")
      if !table.isEmpty { try await world.project.sql(table) }
      let create = table.isEmpty ? "true" : "false"
      let run = try await world.run(
        "table: {connection: db, name: result, mode: replace, create: \(create), on_empty: keep, \(rule)}")
      #expect(run.status != 0 && run.output.contains("sales.yaml:\(told)"), "\(run.output)")
    }
  }

  @Test(arguments: ["publish.after_commit", "publish.marked", "run.before_success"])
  func whatAnEarlierAttemptHasPublishedIsNamed(failpoint: String) async throws {
    try await SinkWorld.with { world in
      let sinks = [
        "table: {connection: db, name: result, mode: replace, create: true}", "file: {path: result.csv}",
      ]
      let killed = try await world.run(sinks[0], sinks[1], failpoint: "\(failpoint):1:kill")
      #expect(killed.wasKilled, "\(killed.output)")
      let run = try await world.run(sinks[0], sinks[1])
      #expect(run.status == 0 && run.output.contains("db:result: published before"), "\(run.output)")
      #expect(run.output.contains("result.csv"), "\(run.output)")
      #expect(try await world.stored() == SinkWorld.fourteenth)
    }
  }
}
