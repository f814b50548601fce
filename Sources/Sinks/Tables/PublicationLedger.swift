package import Model

/// The target's own record of what was published into it: the statements that keep it.
///
/// One row per identity, revision and sink, inserted in the publish transaction, so that a twin in flight is waited
/// for; and one fence row per identity, whose token every takeover raises. Both lie in the target database, so a lost
/// state file or a second machine cannot publish twice. Analysts may read it too.
package struct PublicationLedger: Hashable, Sendable {
  package var schema: Identifier

  package init(schema: Identifier) {
    self.schema = schema
  }

  package var publications: QualifiedName {
    QualifiedName(schema: schema, name: Identifier("publications"))
  }

  package var fences: QualifiedName {
    QualifiedName(schema: schema, name: Identifier("fences"))
  }

  /// The ledger row of one sink: in the publish transaction before all that others can see. Its one-row answer
  /// tells that it was inserted; no row means that this revision was published before.
  package func insert(_ entry: LedgerEntry) -> SQLText {
    let interval = entry.identity.interval
    let start: SQLText = interval.map { "\(literal: .timestamptz($0.start.postgresMicroseconds))" } ?? "NULL"
    let end: SQLText = interval.map { "\(literal: .timestamptz($0.end.postgresMicroseconds))" } ?? "NULL"
    return """
      INSERT INTO \(publications) (identity, revision, sink, run_id, project, job, matrix_row, target, \
      interval_start, interval_end, rejected, checks, result_hash, covers, read_during) VALUES \
      (\(literal: .text(entry.identity.key)), \(entry.revision), \(literal: .text(entry.sink)), \
      \(literal: .text(entry.run.text)), \(literal: .text(entry.identity.project)), \
      \(literal: .text(entry.identity.job.text)), \(literal: .text(entry.identity.matrixRow)), \
      \(literal: .text(entry.target)), \(start), \(end), \(entry.rejected), \
      \(literal: .text(entry.checks.text), as: .jsonb), \(hash(entry)), \(Self.span(entry)), \(Self.readTime(entry))) \
      ON CONFLICT DO NOTHING RETURNING run_id
      """
  }

  /// NULL until the whole result is known: while it is made, or after only some chunks are published.
  private func hash(_ entry: LedgerEntry) -> SQLText {
    entry.resultHash.map { "\(literal: .text($0))" } ?? "NULL"
  }

  /// Says in the row of a sink what its table has taken. To be done last in the publish transaction.
  package func complete(_ entry: LedgerEntry, rows: Int64, deleted: Int64) -> SQLText {
    """
    UPDATE \(publications) SET rows = \(rows), deleted = \(deleted), published_at = clock_timestamp(), \
    rejected = \(entry.rejected), checks = \(literal: .text(entry.checks.text), as: .jsonb), \
    result_hash = \(hash(entry)) \
    WHERE identity = \(literal: .text(entry.identity.key)) AND revision = \(entry.revision) \
    AND sink = \(literal: .text(entry.sink))
    """
  }

  /// Run, hash, time, rows and target of a publication, if it is there.
  package func read(identity: String, revision: Int, sink: String) -> SQLText {
    """
    SELECT run_id, result_hash, published_at, rows, target FROM \(publications) \
    WHERE identity = \(literal: .text(identity)) AND revision = \(revision) AND sink = \(literal: .text(sink))
    """
  }

  /// The newest revision of an identity that another run than `run` has published into any sink;
  /// 0 for none.
  package func lastRevision(identity: String, except run: RunID) -> SQLText {
    """
    SELECT coalesce(max(revision), 0) FROM \(publications) WHERE identity = \(literal: .text(identity)) \
    AND run_id <> \(literal: .text(run.text))
    """
  }

  /// The runs of a job that a matrix row and parameters are the same of.
  struct Kin {
    /// The part of the key that tells them apart.
    let span: SQLText
    let condition: SQLText

    init(_ identity: RunIdentity) {
      let (head, tail) = identity.keyAroundSpan
      let start: SQLText = "\(literal: .text(head))"
      span = "split_part(substr(identity, length(\(start)) + 1), '|', 1)"
      condition = "identity = \(start) || \(span) || \(literal: .text(tail))"
    }
  }

  /// The highest serial of a job without interval that another run than `run` has published with; 0 for none.
  package func lastSerial(of identity: RunIdentity, except run: RunID) -> SQLText {
    let kin = Kin(identity)
    return """
      SELECT coalesce(max(substring(\(kin.span) FROM '^#([0-9]{1,9})$')::integer), 0) AS serial \
      FROM \(publications) WHERE \(kin.condition) AND run_id <> \(literal: .text(run.text))
      """
  }

  /// What a run has published: the entries of its sinks and of their chunks, and whether each is whole.
  package func entries(of run: RunID, identity: String) -> SQLText {
    """
    SELECT sink, result_hash IS NOT NULL AS is_whole FROM \(publications) \
    WHERE identity = \(literal: .text(identity)) AND run_id = \(literal: .text(run.text))
    """
  }

  /// Makes an entry whose chunks are all there say what they come to. No row where there are not `chunks` of them.
  package func finish(_ entry: LedgerEntry, chunks: Int) -> SQLText {
    let whole: SQLText = """
      identity = \(literal: .text(entry.identity.key)) AND revision = \(entry.revision) \
      AND run_id = \(literal: .text(entry.run.text))
      """
    return """
      UPDATE \(publications) SET rows = c.rows, deleted = c.deleted, rejected = \(entry.rejected), \
      checks = \(literal: .text(entry.checks.text), as: .jsonb), result_hash = \(hash(entry)), \
      published_at = clock_timestamp() FROM (SELECT count(*) AS chunks, sum(rows)::bigint AS rows, \
      sum(deleted)::bigint AS deleted FROM \(publications) WHERE \(whole) \
      AND starts_with(sink, \(literal: .text(entry.sink + LedgerEntry.chunkMark)))) AS c \
      WHERE \(whole) AND sink = \(literal: .text(entry.sink)) AND c.chunks = \(chunks) \
      RETURNING c.rows, c.deleted
      """
  }

  /// The run ids whose appended rows a new revision replaces. Of all sinks: a table may have stood in another place
  /// among the stores of the job then.
  package func earlierRuns(identity: String, before revision: Int) -> SQLText {
    """
    SELECT DISTINCT run_id FROM \(publications) WHERE identity = \(literal: .text(identity)) \
    AND revision < \(revision)
    """
  }

  /// What another run has published of the same identity that `entry` may neither replace nor stand beside: the newest
  /// later revision in its sink or its table, or one as new that has reached its table from another sink.
  /// - Parameter sink: that of the whole result, also where the entry is of a chunk.
  func rival(of entry: LedgerEntry, in sink: String) -> SQLText {
    """
    SELECT run_id, published_at, revision FROM \(publications) \
    WHERE identity = \(literal: .text(entry.identity.key)) AND run_id <> \(literal: .text(entry.run.text)) \
    AND CASE WHEN sink = \(literal: .text(sink)) THEN revision > \(entry.revision) \
    ELSE revision >= \(entry.revision) AND target = \(literal: .text(entry.target)) END \
    ORDER BY revision DESC LIMIT 1
    """
  }

  /// The newest interval that another identity of the job published into `target`.
  package func newestInterval(of identity: RunIdentity, target: String) -> SQLText {
    """
    SELECT interval_end, run_id FROM \(publications) WHERE project = \(literal: .text(identity.project)) \
    AND job = \(literal: .text(identity.job.text)) AND matrix_row = \(literal: .text(identity.matrixRow)) \
    AND target = \(literal: .text(target)) AND interval_end > \
    \(literal: .timestamptz(identity.interval?.end.postgresMicroseconds ?? .max)) \
    ORDER BY interval_end DESC LIMIT 1
    """
  }
}
