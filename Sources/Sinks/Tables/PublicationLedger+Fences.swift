package import Model

/// What keeps two owners apart: locks on the tables that are published into, fences, and the end of sessions that hang.
extension PublicationLedger {
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

  /// Ends sessions by their processes.
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

  /// The run that the fence was last raised for, and its token; no row where it never was.
  package func fenceHolder(identity: String) -> SQLText {
    "SELECT run_id, \(Self.raised) FROM \(fences) WHERE identity = \(literal: .text(identity))"
  }

  private static let raised: SQLText = "token, (raised_at AT TIME ZONE 'UTC')::text AS raised_at"
}
