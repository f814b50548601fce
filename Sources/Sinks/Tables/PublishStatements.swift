internal import Model

/// The statements of one publish into one table, for each mode. All of them run in the publish
/// transaction, so readers see all or nothing; none of them is TRUNCATE, so grants, indexes,
/// triggers and views stay as they are.
struct PublishStatements {
  var target: TableTarget
  var result: [ColumnSchema]
  /// The target's columns, or the result's where the table is only now created.
  var columns: [TableFacts.Column]

  static let staging = QualifiedName("pg_temp", "tidemark_staging")

  var names: [Identifier] { result.map { Identifier($0.name) } }

  // MARK: Making the table

  /// A condition.
  static func isThere(_ schema: Identifier) -> SQLText {
    "to_regnamespace(\(SQLText.string(schema.quoted))) IS NOT NULL"
  }

  var create: SQLText {
    var definitions: [SQLText] = result.map { "\(Identifier($0.name)) \(type: $0.type)" }
    if target.mode == .append { definitions.append("\(Identifier(runIDColumn)) text NOT NULL") }
    return "CREATE TABLE IF NOT EXISTS \(target.table) (\(definitions))"
  }

  /// One row of one column: true where a table that is not there could be made under another name first. Not where
  /// changes are decoded: they are told of with the names that tables had when they were made.
  static func mayBeMadeAhead(_ table: QualifiedName) -> SQLText {
    let isThere = table.schema.map(isThere) ?? "current_schema() IS NOT NULL"
    return """
      SELECT to_regclass(\(SQLText.string(table.quoted))) IS NULL AND \(isThere) \
      AND current_setting('wal_level') <> 'logical'
      """
  }

  /// Gives a table of the same schema the target's name.
  func rename(_ table: QualifiedName) -> SQLText {
    "ALTER TABLE \(table) RENAME TO \(target.table.name)"
  }

  /// A unique index over the key and the scope, where one can say what the key means: before server 15 a key
  /// that may be NULL cannot be unique with NULLs taken as equal. Made once the table is filled, which takes
  /// two thirds of the time that it takes to keep it up row by row.
  func uniqueIndex(serverVersion: Int) -> SQLText? {
    guard target.mode != .append, !target.key.isEmpty else { return nil }
    // Other scopes have rows of the same keys. What is merged is told apart by its key alone.
    let scope = target.mode == .merge ? [] : target.scope.map(\.column).filter { !target.key.contains($0) }
    let names = target.key + scope
    let key = names.map { Identifier($0) }
    let mayBeNull = names.contains { name in result.first { $0.name == name }?.isNullable ?? true }
    // The server finds a name that is free: one of ours may be that of an index whose table was renamed.
    if !mayBeNull { return "CREATE UNIQUE INDEX ON \(target.table) (\(key))" }
    guard serverVersion >= 150_000 else { return nil }
    return "CREATE UNIQUE INDEX ON \(target.table) (\(key)) NULLS NOT DISTINCT"
  }

  func comment(column: String, text: String) -> SQLText {
    "COMMENT ON COLUMN \(target.table).\(Identifier(column)) IS \(SQLText.string(text))"
  }

  // MARK: Holding

  /// Keeps others from altering the table until the transaction ends, as the writing itself will. Nothing is written:
  /// LOCK TABLE would want the privilege for the whole table, where one for some of its columns is enough.
  var hold: SQLText { "EXPLAIN INSERT INTO \(target.table) DEFAULT VALUES" }

  // MARK: Deleting

  /// What every delete is bounded by; `TRUE` without a scope.
  var scopeConditions: [SQLText] {
    target.scope.map { "\(Identifier($0.column)) = \(value(of: $0))" }
  }

  /// As the target's column holds it.
  func value(of scope: TableTarget.ScopeValue) -> SQLText {
    guard let column = column(scope.column) else { return "\(literal: scope.value)" }
    let value: SQLText = "\(literal: scope.value, as: column.type)"
    return TargetFit.isText(column.type) ? value : "\(value)::\(column.roundingType)"
  }

  func condition(_ conditions: [SQLText]) -> SQLText {
    conditions.isEmpty ? "TRUE" : "\(conditions, separator: " AND ")"
  }

  /// What bounds the rows of `replace_window`.
  private func bounds(_ window: TableTarget.Window) -> [SQLText] {
    let type = type(of: window.column)
    let column = Identifier(window.column)
    return [
      "\(column) >= \(literal: window.lower, as: type)", "\(column) < \(literal: window.upper, as: type)",
    ]
  }

  /// Which rows `replace` and `replace_window` put others in the place of.
  var replaced: [SQLText] {
    (target.mode == .replaceWindow ? target.window.map(bounds) ?? [] : []) + scopeConditions
  }

  /// The rows that a run has published, as far as they can be told from others.
  func published(by run: RunID) -> [SQLText] {
    switch target.mode {
    case .merge, .replace: scopeConditions
    case .replaceWindow: replaced
    case .append: ["\(Identifier(runIDColumn)) = \(literal: .text(run.text))"]
    }
  }

  /// The rows that this publish replaces; `nil` where the mode deletes none.
  func delete(earlierRuns: [String]) -> SQLText? {
    switch target.mode {
    case .merge: return nil
    case .replaceWindow where target.window == nil: return nil
    case .replace, .replaceWindow: return "DELETE FROM \(target.table) WHERE \(condition(replaced))"
    case .append:
      guard !earlierRuns.isEmpty else { return nil }
      let runs: [SQLText] = earlierRuns.map { "\(literal: .text($0))" }
      return "DELETE FROM \(target.table) WHERE \(Identifier(runIDColumn)) IN (\(runs))"
    }
  }

  /// How many rows a delete could at most touch: the whole of which `max_delete` is a share.
  var countInScope: SQLText {
    "SELECT count(*) FROM \(target.table) WHERE \(condition(scopeConditions))"
  }

  // MARK: Writing

  var copyDirect: SQLText {
    "COPY \(target.table) (\(names)) FROM STDIN (FORMAT binary)"
  }

  var createStaging: SQLText {
    let definitions: [SQLText] = result.map { "\(Identifier($0.name)) \(type: stagedType($0))" }
    return "CREATE TEMPORARY TABLE \(PublishStatements.staging.name) (\(definitions)) ON COMMIT DROP"
  }

  /// The target's own type where the values' form in COPY is the same: it refuses a text that is too long, as an
  /// assignment does. A cast would cut it off.
  private func stagedType(_ column: ColumnSchema) -> SQLType {
    guard let type = type(of: column.name) else { return column.type }
    let isText = TargetFit.isText(column.type) && TargetFit.isText(type)
    // A `char` loses its blanks where it becomes another text.
    let isSame = isText ? !column.type.isChar || type.isChar : column.type.isLike(type)
    return isSame ? type : column.type
  }

  private func type(of name: String) -> SQLType? { column(name)?.type }

  func column(_ name: String) -> TableFacts.Column? { columns.first { $0.name == name } }

  var copyStaging: SQLText {
    "COPY \(PublishStatements.staging) (\(names)) FROM STDIN (FORMAT binary)"
  }

  /// Dropped at once, since several targets of one transaction use the same name.
  var dropStaging: SQLText { "DROP TABLE \(PublishStatements.staging)" }

  var analyzeStaging: SQLText { "ANALYZE \(PublishStatements.staging)" }

  /// A value as the target's column holds it, for comparing.
  func cast(_ name: String, of row: SQLText) -> SQLText {
    guard let column = column(name) else { return "\(row).\(Identifier(name))" }
    return "\(row).\(Identifier(name))::\(column.roundingType)"
  }

  func insertFromStaging(run: RunID) -> SQLText {
    if target.mode == .append {
      return """
        INSERT INTO \(target.table) (\(names), \(Identifier(runIDColumn))) \
        SELECT \(names), \(literal: .text(run.text)) FROM \(PublishStatements.staging)
        """
    }
    return "INSERT INTO \(target.table) (\(names)) SELECT \(names) FROM \(PublishStatements.staging)"
  }
}
