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

  /// What makes the ledger; each statement may be repeated.
  package var definition: [SQLText] {
    [
      "CREATE SCHEMA IF NOT EXISTS \(schema)",
      """
      CREATE TABLE IF NOT EXISTS \(publications) (
        identity text NOT NULL,
        revision integer NOT NULL,
        sink text NOT NULL,
        run_id text NOT NULL,
        project text NOT NULL,
        job text NOT NULL,
        matrix_row text NOT NULL,
        target text NOT NULL,
        interval_start timestamptz,
        interval_end timestamptz,
        published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        rows bigint,
        deleted bigint,
        rejected bigint,
        checks jsonb,
        result_hash text,
        covers tstzrange,
        read_during tstzrange,
        PRIMARY KEY (identity, revision, sink)
      )
      """,
      // Of a ledger that an earlier version has made.
      "ALTER TABLE \(publications) ADD COLUMN IF NOT EXISTS covers tstzrange, ADD COLUMN IF NOT EXISTS read_during tstzrange",
      """
      CREATE TABLE IF NOT EXISTS \(fences) (
        identity text PRIMARY KEY,
        token bigint NOT NULL,
        run_id text NOT NULL,
        raised_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )
      """,
      "COMMENT ON TABLE \(publications) IS 'What Tidemark published: one row per identity, revision and sink'",
    ]
  }

  /// What an administrator runs where the role may not make the ledger itself.
  package func grants(to role: Identifier) -> [SQLText] {
    definition + [
      "GRANT USAGE ON SCHEMA \(schema) TO \(role)",
      "GRANT SELECT, INSERT, UPDATE ON \(publications), \(fences) TO \(role)",
    ]
  }

  /// One row of one column: true where both tables are there and may be used.
  package var isUsable: SQLText {
    """
    SELECT coalesce(bool_and(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') \
    AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')), false) AND count(*) = 2 \
    \(tables)
    """
  }

  /// The same, where they are also as this version makes them.
  package var isCurrent: SQLText {
    """
    SELECT (\(isUsable)) AND (SELECT count(*) = 2 FROM pg_attribute \
    WHERE attrelid = to_regclass(\(SQLText.string(publications.quoted))) \
    AND attname IN ('covers', 'read_during') AND NOT attisdropped)
    """
  }

  private var tables: SQLText {
    """
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
    WHERE n.nspname = \(SQLText.string(schema.name)) AND c.relname IN ('publications', 'fences')
    """
  }

  /// One row of one column: true where the ledger may be used, or else made or brought up to date.
  package var isUsableOrMakeable: SQLText {
    """
    SELECT (\(isCurrent)) OR (has_database_privilege(current_database(), 'CREATE') \
    AND coalesce(has_schema_privilege(to_regnamespace(\(SQLText.string(schema.quoted)))::oid, 'CREATE'), true) \
    AND NOT EXISTS (SELECT \(tables) AND NOT pg_has_role(c.relowner, 'USAGE')))
    """
  }

  /// Serialises makers of the ledger: IF NOT EXISTS alone can still collide.
  package var makerLock: SQLText {
    "SELECT pg_advisory_xact_lock(730501047, hashtext(\(SQLText.string(schema.name))))"
  }

  /// Serialises the publishes into the same tables until the transaction ends. Without it, two that
  /// replace overlapping windows would each delete what they see and both insert.
  ///
  /// Advisory, so that neither readers nor autovacuum nor other writers feel it. A table is known by
  /// its name, whether it is there yet or not, a partition by the table it belongs to. All locks are
  /// taken in one order.
  /// - Parameter schemas: those that are to be made if they are missing.
  package func lockTables(_ tables: [QualifiedName], schemas: [Identifier]) -> SQLText {
    let wanted: [SQLText] =
      tables.map { table in
        "(\(SQLText.string(table.quoted)), \(SQLText.string(table.description)), \(table.schema == nil ? "true" : "false"))"
      } + schemas.map { "(NULL, \(SQLText.string($0.name)), false)" }
    return """
      SELECT pg_advisory_xact_lock(730501048, place) FROM (SELECT DISTINCT hashtext(coalesce(\
      (SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
      WHERE c.oid = coalesce(pg_partition_root(to_regclass(w.quoted)), to_regclass(w.quoted))), \
      CASE WHEN w.is_bare THEN current_schema() || '.' ELSE '' END || w.name)) AS place \
      FROM (VALUES \(wanted)) AS w (quoted, name, is_bare) ORDER BY 1) AS places
      """
  }

  /// Ends the sessions of a run that hold the ledger's tables: an earlier owner's, or this owner's own whose
  /// connection was lost without the server's knowing. One that hangs amid its publish would keep all others waiting
  /// for as long as it does.
  ///
  /// Its rows are their processes, and whether each was ended: those of the login, where the connection has taken
  /// another role on, are for the login to end (`end`).
  /// - Parameter newest: only where this is the newest owner: one that has slept ends nobody.
  package func endPublishing(of run: RunID, ifNewest newest: FenceHold? = nil) -> SQLText {
    let condition: SQLText =
      if let newest {
        " AND EXISTS (SELECT FROM \(fences) WHERE \(Self.isNewest(newest)))"
      } else {
        ""
      }
    return """
      SELECT pid, CASE WHEN usename = current_user THEN pg_terminate_backend(pid) ELSE false END AS is_ended \
      FROM pg_stat_activity WHERE usename IN (current_user, session_user) \
      AND pid <> pg_backend_pid() AND right(application_name, \(run.text.utf8.count)) = \(literal: .text(run.text)) \
      AND pid IN (SELECT pid FROM pg_locks WHERE granted AND relation IN \
      (\(SQLText.string(publications.quoted))::regclass, \(SQLText.string(fences.quoted))::regclass))\(condition)
      """
  }

  static func end(_ processes: [Int]) -> SQLText {
    let numbers: [SQLText] = processes.map { "\($0)" }
    return "SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[\(numbers)]::integer[]) AS pid"
  }

  private static func isNewest(_ hold: FenceHold) -> SQLText {
    "identity = \(literal: .text(hold.identity)) AND token = \(hold.token.number)"
  }

  /// Raises the fence; its answer is the fence as it then is.
  package func raiseFence(identity: String, run: RunID) -> SQLText {
    """
    INSERT INTO \(fences) AS f (identity, token, run_id) \
    VALUES (\(literal: .text(identity)), 1, \(literal: .text(run.text))) \
    ON CONFLICT (identity) DO UPDATE SET token = f.token + 1, run_id = excluded.run_id, \
    raised_at = clock_timestamp() RETURNING \(Self.raised)
    """
  }

  /// Raises the fence of a run that nobody has taken over, and no other's.
  package func raiseFence(of run: RunID, identity: String) -> SQLText {
    """
    UPDATE \(fences) SET token = token + 1, raised_at = clock_timestamp() \
    WHERE identity = \(literal: .text(identity)) AND run_id = \(literal: .text(run.text))
    """
  }

  /// Locks the fence; no row where `token` is no longer the newest.
  package func holdFence(_ hold: FenceHold) -> SQLText {
    "SELECT run_id FROM \(fences) WHERE \(Self.isNewest(hold)) FOR UPDATE"
  }

  package func fenceHolder(identity: String) -> SQLText {
    "SELECT run_id, \(Self.raised) FROM \(fences) WHERE identity = \(literal: .text(identity))"
  }

  private static let raised: SQLText = "token, (raised_at AT TIME ZONE 'UTC')::text AS raised_at"

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

  package func complete(_ entry: LedgerEntry, rows: Int64, deleted: Int64) -> SQLText {
    """
    UPDATE \(publications) SET rows = \(rows), deleted = \(deleted), published_at = clock_timestamp(), \
    rejected = \(entry.rejected), checks = \(literal: .text(entry.checks.text), as: .jsonb), \
    result_hash = \(hash(entry)) \
    WHERE identity = \(literal: .text(entry.identity.key)) AND revision = \(entry.revision) \
    AND sink = \(literal: .text(entry.sink))
    """
  }

  /// Run, hash and time of a publication, if it is there.
  package func read(identity: String, revision: Int, sink: String) -> SQLText {
    """
    SELECT run_id, result_hash, published_at, rows FROM \(publications) \
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

  /// The newest revision in a sink, as `read` tells it, where it is newer than that of `entry`.
  func newer(than entry: LedgerEntry) -> SQLText {
    """
    SELECT run_id, result_hash, published_at FROM \(publications) \
    WHERE identity = \(literal: .text(entry.identity.key)) AND sink = \(literal: .text(entry.sink)) \
    AND revision > \(entry.revision) ORDER BY revision DESC LIMIT 1
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
