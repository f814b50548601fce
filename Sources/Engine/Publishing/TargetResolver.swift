internal import Expressions
internal import Model
internal import Planning
internal import Sinks
internal import Timetable

/// Turns a job's sink rules into targets of one run: references resolved, window bounds worked out.
struct TargetResolver {
  var job: Job
  var context: RunContext
  var references: ReferenceScope
  var connections: [String: ConnectionRule]
  var isForced: Bool

  /// The name of a sink within its job: its position and kind, stable while the list is.
  static func name(_ position: Int, _ rule: SinkRule) -> String {
    switch rule {
    case .table: "\(position + 1):table"
    case .file: "\(position + 1):file"
    }
  }

  /// - Throws: `Fault` of names, references or the window.
  func table(
    _ rule: TableSinkRule, sink: String, result: [ColumnSchema], resultKey: [String]
  ) throws(Fault) -> TableTarget {
    let names = NameResolver(references: references)
    let connection = try names.text(rule.connection)
    guard let connectionRule = connections[connection] else {
      throw Fault(
        "unknown_connection", .config, "There is no connection `\(connection)`",
        place: rule.connection.source.place,
        hint: DidYouMean.hint(for: connection, among: connections.keys.sorted())
          ?? "Name it under `connections:` in tidemark.yaml")
    }
    let table = try names.qualifiedName(rule.name)
    let place = rule.name.source.place
    if table.schema == nil, connectionRule.searchPath.isEmpty {
      throw .noSchema("\(table)", on: connection, at: place)
    }
    for column in result { try Identifier.check(column: column.name, place: place) }
    let key = rule.key ?? resultKey
    for name in key + (rule.window.map { [$0.text] } ?? []) + rule.scope.map(\.column)
    where !result.contains(where: { $0.name == name }) {
      throw Fault(
        "unknown_column", .validation, "The result has no column `\(name)`", place: place,
        hint: DidYouMean.hint(for: name, among: result.map(\.name))
          ?? "It has \(result.map(\.name).joined(separator: ", "))")
    }
    if rule.mode == .merge, key.isEmpty {
      throw Fault(
        "missing_key", .validation, "Mode `merge` needs a `key`", place: place,
        hint: job.aggregate?.groupingSets == nil
          ? nil
          : "With several grouping sets name the group keys and measures of `grouping()` that tell them apart"
      )
    }
    var scope: [TableTarget.ScopeValue] = []
    for item in rule.scope {
      scope.append(
        TableTarget.ScopeValue(
          column: item.column, value: try value(of: item, try names.text(item.value), result)))
    }
    return TableTarget(
      sink: sink, connection: connection, ledger: Identifier(connectionRule.ledgerSchema),
      table: table, mode: rule.mode,
      window: try rule.mode == .replaceWindow ? window(rule, result: result) : nil, span: try span(of: rule),
      scope: scope, key: key,
      isKeyUnique: !resultKey.isEmpty && Set(resultKey).isSubset(of: key), create: rule.create,
      onEmpty: rule.onEmpty, maxDelete: rule.maxDelete,
      beforePublish: try statements(rule.beforePublish), afterPublish: try statements(rule.afterPublish),
      isForced: isForced, place: place)
  }

  /// The value of a scope, of the type that the result has it in: the rows that are deleted are those of which the result
  /// has others.
  private func value(
    of scope: TableSinkRule.Scope, _ text: String, _ result: [ColumnSchema]
  ) throws(Fault) -> Value {
    guard let type = result.first(where: { $0.name == scope.column })?.type, type.isComputed else {
      return .text(text)
    }
    do throws(RowFault) {
      let zones = ZoneContext(session: context.zone, named: ZoneContext.utc.named)
      return try ParameterText(text).value(as: type.base, by: zones)
    } catch {
      throw Fault(
        "bad_literal", .validation,
        "`\(text.prefix(60))` is no \(type.sqlName), which `\(scope.column)` of the `scope` is",
        place: scope.value.source.place, cause: error.sentence)
    }
  }

  private func statements(_ texts: [SourceText]) throws(Fault) -> [TableTarget.Statement] {
    var statements: [TableTarget.Statement] = []
    for text in texts {
      statements.append(.init(sql: try UserSQL(statement: text).resolved(references), place: text.place))
    }
    return statements
  }

  /// The time whose rows a publish puts in the place of others; `nil` for all of time. Under `merge` that is all that is
  /// read.
  private func span(of rule: TableSinkRule) throws(Fault) -> TimeRange? {
    switch rule.mode {
    case .replaceWindow: context.spans?.replaced
    case .merge: try readsByTime() ? context.spans?.window : nil
    case .append, .replace: nil
    }
  }

  /// Whether the run's window, or its interval, decides what each source gives.
  private func readsByTime() throws(Fault) -> Bool {
    for source in job.sources {
      var references: [Reference] = []
      if case .query(let text) = source.relation { references += try UserSQL(query: text).references }
      if let filter = source.filter { references += try UserSQL(expression: filter).references }
      guard references.contains(where: { $0.namespace == .window || $0.namespace == .interval }) else {
        return false
      }
    }
    return true
  }
}
