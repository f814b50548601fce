internal import Model

/// The two halves of `merge`: rows that are there and differ, rows that are not there yet.
///
/// Keys match by IS NOT DISTINCT FROM. Where every key column is NOT NULL that is plain equality,
/// which can use an index; otherwise keys are compared as records, which take NULLs as equal and
/// can still be sorted. Rows that would not change are not written. Rows are found by their key alone: one that
/// somebody else updates meanwhile is waited for, and looked at once more.
struct MergeStatements {
  var publish: PublishStatements

  private var target: TableTarget { publish.target }
  private var keys: [Identifier] { target.key.map { Identifier($0) } }

  private var keyMayBeNull: Bool {
    target.key.contains { name in publish.columns.first { $0.name == name }?.isNullable ?? true }
  }

  /// The staged rows, cast to the target's types.
  private var incoming: SQLText {
    let columns: [SQLText] = publish.result.map {
      "\(publish.cast($0.name, of: "s")) AS \(Identifier($0.name))"
    }
    return "SELECT \(columns) FROM \(PublishStatements.staging) AS s"
  }

  /// The key as a record, of the types themselves where the columns are of domains. Texts, and arrays of texts,
  /// by their bytes: columns of two collations cannot be compared as they are.
  private func record(of row: SQLText) -> SQLText {
    let columns: [SQLText] = target.key.map { name in
      let value = publish.cast(name, of: row)
      return publish.columns.first { $0.name == name }?.collation == nil ? value : "\(value) COLLATE \"C\""
    }
    return "ROW(\(columns))"
  }

  private var incomingWithKey: SQLText {
    "SELECT i.*, \(record(of: "i")) AS tidemark_key FROM (\(incoming)) AS i"
  }

  /// The columns that may differ.
  private var values: [Identifier] {
    publish.result.map(\.name).filter { !target.key.contains($0) }.map { Identifier($0) }
  }

  /// `nil` where the result has no column but the key, so that nothing can differ.
  var update: SQLText? {
    if values.isEmpty { return nil }
    let sets: [SQLText] = values.map { "\($0) = n.\($0)" }
    return "UPDATE \(target.table) AS t SET \(sets) FROM (\(staged)) AS n WHERE \(differs)"
  }

  /// How many rows `update` finds, before any trigger.
  var countDiffering: SQLText {
    "SELECT count(*) FROM \(target.table) AS t, (\(staged)) AS n WHERE \(differs)"
  }

  private var staged: SQLText { keyMayBeNull ? incomingWithKey : incoming }

  /// Whether the row `t` of the target has the key of the staged row `n`, and other values.
  private var differs: SQLText {
    // As the incoming ones are: a domain is another type than its base.
    let old: [SQLText] = values.map { publish.cast($0.name, of: "t") }
    let new: [SQLText] = values.map { "n.\($0)" }
    // By their images: 1.0 becomes 1.00, and json, which has no equality, can be compared too.
    return "\(matches) AND ROW(\(old))::record *<> ROW(\(new))::record"
  }

  /// Whether the row `t` of the target has the key of the staged row `n`.
  private var matches: SQLText {
    let pairs: [SQLText] = keys.map { "t.\($0) = n.\($0)" }
    let sameKey = keyMayBeNull ? "\(record(of: "t")) = n.tidemark_key" : publish.condition(pairs)
    return "\(sameKey) AND \(scopeOfTarget)"
  }

  var insert: SQLText { "INSERT INTO \(target.table) (\(publish.names)) SELECT \(publish.names) \(absent)" }

  /// How many of the staged rows the target does not have: behind `insert` those that its triggers took away.
  var countAbsent: SQLText { "SELECT count(*) \(absent)" }

  /// The staged rows whose keys the target does not have.
  private var absent: SQLText {
    "FROM (\(staged)) AS n WHERE NOT EXISTS (SELECT FROM \(target.table) AS t WHERE \(matches))"
  }

  /// Whether something may take rows away that are inserted, and whether that are updated: a trigger before each row of
  /// the table or of a partition, or a rule.
  var mayKeepBack: SQLText {
    "SELECT \(mayKeepBack(trigger: 7, rule: "3")), \(mayKeepBack(trigger: 19, rule: "2"))"
  }

  /// - Parameters:
  ///   - trigger: the bits of `tgtype` for each row, before, and what is done.
  ///   - rule: what is done, as `ev_type` has it.
  private func mayKeepBack(trigger: Int, rule: String) -> SQLText {
    let table: SQLText = "\(SQLText.string(target.table.quoted))::regclass"
    return """
      (EXISTS (SELECT FROM pg_trigger WHERE tgtype & \(trigger) = \(trigger) AND tgenabled <> 'D' \
      AND NOT tgisinternal AND tgrelid IN (SELECT \(table) UNION ALL SELECT relid FROM pg_partition_tree(\(table)))) \
      OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = \(table) AND ev_type = \(SQLText.string(rule))))
      """
  }

  /// Whether two staged rows share a key, so that it would depend on chance which of them stays; `nil` where the
  /// result's making rules that out.
  var sharedKey: SQLText? {
    // Keys that differ may become equal in another type: 1.001 as numeric(9,2), a text with blanks as `char`, half a
    // second as timestamp(0).
    let isAsItIs = target.key.allSatisfy { name in
      guard let column = publish.column(name) else { return false }
      let isWhole = TargetFit.isText(column.type) || column.declared == column.type.sqlName
      return isWhole && column.type == publish.result.first { $0.name == name }?.type
    }
    if target.isKeyUnique, isAsItIs { return nil }
    return """
      SELECT EXISTS (SELECT FROM (\(incoming)) AS i GROUP BY \(keys) HAVING count(*) > 1)
      """
  }

  private var scopeOfTarget: SQLText {
    publish.condition(target.scope.map { "t.\(Identifier($0.column)) = \(publish.value(of: $0))" })
  }
}
