package import Model
internal import Postgres

/// When rows were read, and which time they cover: what tells older rows from newer ones.
extension PublicationLedger {
  /// All of time where the publish puts all rows in the place of others.
  static func span(_ entry: LedgerEntry) -> SQLText {
    guard let span = entry.span else { return "'(,)'::tstzrange" }
    return
      "tstzrange(\(literal: .timestamptz(span.start.postgresMicroseconds)), \(literal: .timestamptz(span.end.postgresMicroseconds)))"
  }

  static func readTime(_ entry: LedgerEntry) -> SQLText {
    guard let time = entry.readTime else { return "NULL" }
    let until: SQLText =
      time.until.map { "\(literal: .timestamptz($0.postgresMicroseconds))" } ?? "clock_timestamp()"
    // A clock that was put back meanwhile makes no fault of it.
    return "tstzrange(\(from(time)), greatest(\(until), \(from(time))), '[]')"
  }

  private static func from(_ time: ReadTime) -> SQLText {
    "\(literal: .timestamptz(time.from.postgresMicroseconds))"
  }

  /// When the rows of a run were read that it has published into `target`, in microseconds since 1970; no row where
  /// that is not known.
  package func readTime(of run: RunID, target: String) -> SQLText {
    """
    SELECT \(SQLText.microseconds(of: "lower(read_during)")) AS since, \
    \(SQLText.microseconds(of: "upper(read_during)")) AS until FROM \(publications) \
    WHERE run_id = \(literal: .text(run.text)) AND target = \(literal: .text(target)) AND read_during IS NOT NULL \
    ORDER BY 1 LIMIT 1
    """
  }

  /// The newest publication into the same table that another run has made of what may have been read later, for some
  /// of the same time: another run of the job, its matrix row and parameters. Runs of other jobs read something else,
  /// and of the identity itself the fence and the revisions decide.
  ///
  /// To be asked while the publishes into the table are locked out.
  package func newer(than entry: LedgerEntry, read time: ReadTime) -> SQLText {
    return """
      SELECT run_id, published_at FROM \(publications) WHERE target = \(literal: .text(entry.target)) \
      AND identity <> \(literal: .text(entry.identity.key)) AND \(Kin(entry.identity).condition) \
      AND coalesce(upper(read_during), published_at) > \(Self.from(time)) \
      AND coalesce(covers, '(,)') && \(Self.span(entry)) ORDER BY published_at DESC LIMIT 1
      """
  }
}
