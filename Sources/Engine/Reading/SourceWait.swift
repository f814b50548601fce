internal import Expressions
internal import Model
internal import Planning
internal import Postgres

/// Waits until a source is ready: a replica that has caught up, or a query that says so.
struct SourceWait {
  var asker: PlanAsker
  var references: ReferenceScope
  var session: SessionSettings

  private static let interval = Duration.seconds(2)

  /// - Parameter report: told once that and for what the run waits.
  /// - Throws: `Fault` `not_ready` when `within` is over.
  func wait(_ condition: Source.WaitFor, on name: String, report: (String) -> Void) async throws {
    let (sql, within, what) = try question(condition)
    let start = ContinuousClock.now
    var isReported = false
    while true {
      let connection = try await asker.connection(name)
      let answer = try await connection.transaction(.reading(session)) { try await $0.query(sql) }
      if answer.rows.first?[0] == "t" { return }
      if ContinuousClock.now - start >= within {
        throw Fault(
          "not_ready", .resource, "Connection `\(name)` was not ready in time: \(what)",
          hint: "Run the same command again later, or raise `within`")
      }
      if !isReported { report("waiting until \(what) on `\(name)`") }
      isReported = true
      try await Task.sleep(for: SourceWait.interval)
    }
  }

  /// One boolean. A primary has replayed everything; a replica that has nothing to replay is as far as
  /// its primary, as far as it can know.
  private func question(_ condition: Source.WaitFor) throws(Fault) -> (SQLText, Duration, String) {
    switch condition {
    case .replayedTo(let template, let within):
      let text = try NameResolver(references: references).text(template)
      let moment: SQLText = "\(literal: .text(text), as: .timestamptz)"
      let sql: SQLText = """
        SELECT NOT pg_is_in_recovery() OR coalesce(pg_last_xact_replay_timestamp() >= \(moment), false) \
        OR (pg_last_wal_receive_lsn() IS NOT NULL AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() \
        AND clock_timestamp() > \(moment))
        """
      return (sql, within, "it has replayed to \(text)")
    case .query(let text, let within):
      let query = try UserSQL(query: text).resolved(references)
      return ("SELECT (\(query))::boolean", within, "its query is true")
    }
  }
}
