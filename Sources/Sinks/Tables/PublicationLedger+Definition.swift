package import Model

/// The ledger itself: its schema and tables, and who may use or make them.
extension PublicationLedger {
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
}
