import Model
import ProjectRig
import Runtime

/// Job files of the tests of schedules, and the clock that these tests may move.
enum ScheduledJobText {
  /// A job that appends its one row.
  static func job(_ keys: String, query: String = "SELECT 1 AS n", table: String = "seen") -> String {
    """
    version: 1
    \(keys)
    source: {connection: db, query: "\(query)", chunk: {by: none}}
    aggregate: {group_by: [n], measures: {rows: count(*)}}
    store: [{table: {connection: db, name: \(table), mode: append, create: true}}]

    """
  }

  /// Hands a project to `body` that has the one job, by the name `job`, and a table of shops.
  static func with(
    _ keys: String, query: String = "SELECT 1 AS n", _ body: (TidemarkProject) async throws -> Void
  ) async throws {
    try await TidemarkProject.with { project in
      try await project.sql("CREATE TABLE shops (shop text)")
      try project.write("jobs/job.yaml", job(keys, query: query))
      try await body(project)
    }
  }

  /// So much later, by the program's clock.
  static func later(_ seconds: Int) -> [String: String] { ["TIDEMARK_CLOCK_OFFSET": "\(seconds)"] }

  /// How far to move the clock, so that it is five minutes past the hour and no hour begins within a test.
  static func toEarlyInTheHour() -> Int { 300 - SystemClock.now.seconds % 3600 }
}
