internal import Expressions
internal import Model

/// One source while it is planned: its relation and user SQL, resolved, and what its database
/// says of it.
struct SourceShape: Sendable {
  let source: Source
  let connection: String
  let relation: Relation
  let filter: SQLText?
  let added: [(name: String, sql: SQLText)]
  /// Columns that a fetch may name, with `source_name` last.
  private(set) var columns: [ColumnSchema] = []
  private(set) var facts: TableFacts?
  private(set) var said: [PlanQuestion: PlanAnswer] = [:]

  enum Relation: Sendable {
    case table(QualifiedName)
    case query(SQLText)
  }

  /// The column that tells several sources apart.
  static let sourceName = "source_name"

  init(_ source: Source, request: PlanRequest) throws(Faults) {
    var faults = FaultCollector()
    let names = NameResolver(references: request.references)
    var connection = ""
    var relation = Relation.query("SELECT")
    var filter: SQLText?
    var added: [(name: String, sql: SQLText)] = []
    faults.collect {
      connection = try names.text(source.connection)
      try SourceShape.check(connection, in: request.connections, place: source.connection.source.place)
    }
    faults.collect {
      switch source.relation {
      case .table(let template): relation = .table(try names.qualifiedName(template))
      case .query(let text):
        relation = .query(try UserSQL(query: text).resolved(request.references))
      }
    }
    faults.collect {
      if let text = source.filter { filter = try UserSQL(expression: text).resolved(request.references) }
    }
    for column in source.addColumns {
      faults.collect {
        added.append((column.name, try UserSQL(expression: column.sql).resolved(request.references)))
      }
    }
    try faults.finish()
    self.source = source
    self.connection = connection
    self.relation = relation
    self.filter = filter
    self.added = added
  }

  static func check(
    _ connection: String, in rules: [String: ConnectionRule]?, place: Place
  ) throws(Fault) {
    guard let rules, rules[connection] == nil else { return }
    throw Fault(
      "unknown_connection", .config, "There is no connection `\(connection)`", place: place,
      hint: DidYouMean.hint(for: connection, among: rules.keys.sorted())
        ?? "Name it under `connections:` in tidemark.yaml")
  }

  // MARK: What there is

  /// The FROM item. A query is wrapped; a table goes by its own name, so that user SQL may
  /// qualify columns with it.
  var from: SQLText {
    switch relation {
    case .table(let name): "\(name)"
    case .query(let sql): "\(sql) AS \(Identifier("source"))"
    }
  }

  private var all: SQLText {
    let extra: [SQLText] = added.map { "\($0.sql) AS \(Identifier($0.name))" }
    let star: SQLText = "*"
    return "\([star] + extra)"
  }

  private var describe: SQLText { "SELECT \(all) FROM \(from)" }

  private var describeFilter: SQLText? {
    filter.map { "SELECT 1 FROM \(from) WHERE \($0)" }
  }

  private var textPlace: Place {
    switch source.relation {
    case .table(let template): template.source.place
    case .query(let text): text.place
    }
  }

  var questions: [PlanQuestion] {
    var questions: [PlanQuestion] = []
    if case .table(let name) = relation {
      questions.append(.relation(connection: connection, name, place: textPlace))
    }
    // User SQL is prepared on its own before it is put together with anything.
    if case .query(let sql) = relation {
      questions.append(.columns(connection: connection, "SELECT * FROM \(sql) AS source", place: textPlace))
    }
    questions.append(
      .columns(connection: connection, describe, place: source.addColumns.first?.sql.place ?? textPlace))
    if let describeFilter, let place = source.filter?.place {
      questions.append(.columns(connection: connection, describeFilter, place: place))
    }
    return questions
  }

  mutating func take(_ known: [PlanQuestion: PlanAnswer]) throws(Faults) {
    var described: [ColumnSchema] = []
    for question in questions {
      said[question] = known[question]
      switch (question, known[question]) {
      case (.relation, .relation(let facts)?): self.facts = facts
      case (.columns(_, let sql, _), .columns(let columns)?) where sql == describe: described = columns
      default: continue
      }
    }
    if let facts, !facts.isReadable {
      throw Faults([
        Fault(
          "no_privilege", .auth, "The role may not select from `\(facts.name)`", place: textPlace,
          hint: "GRANT SELECT ON \(facts.name) TO the role of connection `\(connection)`")
      ])
    }
    var faults = FaultCollector()
    var names: Set<String> = []
    for index in described.indices {
      let name = described[index].name
      if !names.insert(name).inserted {
        faults.collect {
          throw Fault(
            "duplicate_column", .validation, "The source has two columns `\(name)`", place: textPlace,
            hint: "Give one of them another name with AS")
        }
      }
      if let column = facts?.columns.first(where: { $0.name == name }) {
        described[index].isNullable = column.isNullable
      }
      described[index].isSensitive = source.sensitive.contains(name)
    }
    for name in source.sensitive where !names.contains(name) {
      faults.collect {
        throw Fault(
          "unknown_column", .validation, "`sensitive` names `\(name)`, which the source does not have",
          place: source.place, hint: DidYouMean.hint(for: name, among: names.sorted()))
      }
    }
    try faults.finish()
    if !names.contains(SourceShape.sourceName) {
      described.append(ColumnSchema(name: SourceShape.sourceName, type: .text, isNullable: false))
    }
    columns = described
  }

  /// The columns that a WHERE clause can name.
  var nameable: Set<String> {
    var names = Set(facts?.columns.map(\.name) ?? columns.map(\.name))
    for extra in added { names.remove(extra.name) }
    if facts == nil { names.remove(SourceShape.sourceName) }
    return names
  }

  // MARK: Fetching

  /// The select list for the columns named, in that order.
  func selectList(_ wanted: [ColumnSchema]) -> SQLText {
    let items = wanted.map { selected($0) }
    return "\(items)"
  }

  private func selected(_ column: ColumnSchema) -> SQLText {
    if let extra = added.first(where: { $0.name == column.name }) {
      return "\(extra.sql) AS \(Identifier(column.name))"
    }
    if column.name == SourceShape.sourceName,
      facts?.columns.contains(where: { $0.name == column.name }) != true
    {
      return "\(literal: .text(source.name)) AS \(Identifier(column.name))"
    }
    return "\(Identifier(column.name))"
  }

  /// The select list of a fetch: the same values, each in the form that costs the server least.
  func sentList(_ wanted: [ColumnSchema]) -> SQLText {
    guard CopyFormat(fetching: wanted) == .text else { return selectList(wanted) }
    let items = wanted.map { isStoredDate($0) ? Self.days($0) : selected($0) }
    return "\(items)"
  }

  /// Whether naming the column again costs no more than reading it: it lies in the rows of a table.
  private func isStoredDate(_ column: ColumnSchema) -> Bool {
    guard column.type == .date, let facts, [.table, .partitioned, .materialized].contains(facts.kind) else {
      return false
    }
    return facts.columns.contains { $0.name == column.name && !$0.isGenerated }
      && !added.contains { $0.name == column.name }
  }

  /// A date as its days from 2000-01-01, which the server writes out in less time than year, month and day;
  /// infinity as the ends of what a date is held in. The catalogue's own functions, whatever the search path.
  private static func days(_ column: ColumnSchema) -> SQLText {
    let (name, origin): (SQLText, SQLText) = ("\(Identifier(column.name))", "date '2000-01-01'")
    return """
      CASE WHEN pg_catalog.isfinite(\(name)) THEN pg_catalog.date_mi(\(name), \(origin)) \
      WHEN pg_catalog.date_gt(\(name), \(origin)) THEN 2147483647 \
      WHEN pg_catalog.date_lt(\(name), \(origin)) THEN -2147483648 END AS \(name)
      """
  }

  /// Every relation whose rows a query may read, to be locked: the table and its partitions, or
  /// what the server's plan of the query touches.
  func locked(_ estimate: QueryEstimate) -> [QualifiedName] {
    var names: [QualifiedName] = []
    if let facts {
      names.append(facts.name)
      names += facts.partitions.map(\.name)
    }
    for name in estimate.relations where !names.contains(name) && name.schema?.name != "pg_catalog" {
      names.append(name)
    }
    return names
  }
}
