internal import Expressions
internal import Model
internal import Planning
internal import Postgres

/// What a run waits for before it reads a source: a replica that has caught up, or a query that says so.
struct SourceWait {
  let within: Duration
  private let connection: String
  /// What is waited for, and what is said where that does not come.
  private let what: String
  private let whatIsNot: String
  private let place: Place
  /// One boolean.
  private let question: SQLText

  /// How long to wait between two questions.
  static let interval = Duration.seconds(2)

  /// - Throws: `Fault` of references, or of the query.
  init(_ rule: Source.WaitFor, on connection: String, references: ReferenceScope) throws(Fault) {
    self.connection = connection
    switch rule {
    case .replayedTo(let template, let within):
      let text = try NameResolver(references: references).text(template)
      self.within = within
      what = "it has replayed to \(text)"
      whatIsNot = "it had not replayed to \(text)"
      place = template.source.place
      question = Self.hasReplayed(to: "\(literal: .text(text), as: .timestamptz)")
    case .query(let text, let within):
      self.within = within
      what = "its query is true"
      whatIsNot = "its query was not true"
      place = text.place
      question = "SELECT (\(try UserSQL(query: text).resolved(references)))::boolean"
    }
  }

  func isOver(_ asker: PlanAsker, _ session: SessionSettings) async throws -> Bool {
    let connection = try await asker.connection(connection)
    return try await connection.transaction(.reading(session)) { [question] in
      try await $0.query(question).onlyRow[0] == "t"
    }
  }

  var reason: String { "waiting until \(what) on `\(connection)`" }

  /// - Parameter fault: why it could not be asked at last, where it could not.
  func tooLong(_ fault: Fault? = nil) -> Fault {
    Fault(
      "not_ready", .resource, "Connection `\(connection)` was not ready in time: \(whatIsNot)",
      place: place, cause: fault?.sentence, hint: "Run the same command again later, or raise `within`")
  }

  /// A primary has replayed everything. A replica has where it has replayed a commit of that time or a later one; or
  /// where its primary has told it, at that time or later, how far the log goes, and it has replayed all of it. A role
  /// that may not see what the primary tells is content with all that has come by that time, while the replica has a
  /// connection to its primary at all.
  private static func hasReplayed(to moment: SQLText) -> SQLText {
    """
    SELECT NOT pg_is_in_recovery() OR coalesce(pg_last_xact_replay_timestamp() >= \(moment), false) \
    OR EXISTS (SELECT FROM pg_stat_wal_receiver WHERE CASE WHEN status IS NULL \
    THEN clock_timestamp() > \(moment) AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() \
    ELSE status = 'streaming' AND last_msg_send_time >= \(moment) \
    AND latest_end_lsn <= pg_last_wal_replay_lsn() END)
    """
  }
}
