internal import Expressions
internal import Model

extension JobDecoder {
  mutating func parameters() -> [Parameter] {
    root.entries("params").compactMap { entry in
      guard let fields = Fields(entry.value), let type = fields.type("type")
      else { return nil }
      if !Self.parameterTypes.contains(type.base) {
        refuse(
          "bad_type", "A parameter cannot be of type `\(type.sqlName)`", fields.text("type")?.place,
          hint: "It can be text, integer, bigint, numeric, boolean, date, timestamp, timestamptz or uuid")
      } else if let text = fields.text("default"), !isSaved {
        judgeDefault(text, of: entry.key.text, as: type)
      }
      return Parameter(
        name: entry.key.text, type: type, defaultValue: fields.string("default"),
        description: fields.string("description"), place: entry.key.place)
    }
  }

  private mutating func judgeDefault(_ text: SourceText, of name: String, as type: SQLType) {
    do throws(RowFault) {
      _ = try ParameterText(text.text).value(as: type)
    } catch {
      let sentence = "`\(text.text.shortened)` is no \(type.sqlName), which the parameter `\(name)` is"
      faults.append(
        Fault(
          "bad_value", .validation, sentence, place: text.place, cause: error.sentence,
          hint: "Give another default, or none: every run must then give the value"))
    }
  }

  private static let parameterTypes: Set<SQLType> = [
    .text, .varchar(nil), .smallint, .integer, .bigint, .numeric(nil), .real, .double, .boolean, .date,
    .timestamp, .timestamptz, .interval, .uuid,
  ]

  mutating func matrix() -> Matrix? {
    guard let node = root["matrix"] else { return nil }
    references.hasMatrix = true
    if let fields = Fields(node) {
      references.matrixColumns = nil
      guard let connection = fields.text("connection"), let query = fields.text("query") else { return nil }
      if !isSaved { requireConnection(connection.text, connection.place) }
      return .query(connection: connection.text, sql: sql(query, .query, in: .matrix))
    }
    var rows: [[String: String]] = []
    var seen: Set<[String: String]> = []
    for element in node.sequence ?? [] {
      guard let mapping = element.mapping else { continue }
      var row: [String: String] = [:]
      for entry in mapping.entries { row[entry.key.text] = entry.value.text?.text }
      if let first = rows.first, Set(first.keys) != Set(row.keys) {
        let odd = Set(first.keys).symmetricDifference(row.keys).sorted()
        refuse(
          "uneven_matrix", "The rows of a matrix differ in \(odd.quoted)", element.place,
          hint: "Give every row the same keys")
      }
      if !seen.insert(row).inserted {
        refuse(
          "duplicate_name", "This row of the matrix stands there twice", element.place,
          hint: "Take one of them out")
      }
      rows.append(row)
    }
    references.matrixColumns = Set(rows.flatMap(\.keys))
    return .rows(rows, place: node.place)
  }

  mutating func sources() -> [Source] {
    let sources = root.list("source").compactMap { Fields($0).flatMap { source($0) } }
    refuseTwins(sources.map { ($0.name, $0.place) }, "sources")
    return sources
  }

  private mutating func source(_ fields: Fields) -> Source? {
    let connection = self.connection(of: fields)
    // A run that was begun may have read all.
    if !isSaved, let name = connection?.literal, let rule = project.connections[name],
      let maximum = rule.maximumConnections, maximum < 3
    {
      faults.append(.tooFewConnections(maximum, of: rule))
    }
    let table = tableName("table", of: fields)
    let query = fields.text("query").map { sql($0, .query) }
    let added = fields.entries("add_columns").compactMap { entry in
      entry.value.text.map { Source.NamedSQL(name: entry.key.text, sql: sql($0, .expression)) }
    }
    let filter = fields.text("where").map { sql($0, .expression) }
    let consistency: Source.Consistency = fields.choice("consistency") ?? .snapshot
    let chunk = chunkRule(fields.fields("chunk"), isTable: table != nil, consistency: consistency)
    let waitFor = self.waitFor(fields.fields("wait_for"))
    guard let connection, let relation = table.map(Source.Relation.table) ?? query.map(Source.Relation.query)
    else { return nil }
    return Source(
      name: fields.string("name") ?? connection.source.text, connection: connection, relation: relation,
      addColumns: added, filter: filter, chunk: chunk, consistency: consistency,
      onResume: fields.choice("on_resume") ?? .auto, waitFor: waitFor, sensitive: fields.strings("sensitive"),
      place: fields.place)
  }

  private mutating func chunkRule(
    _ fields: Fields?, isTable: Bool, consistency: Source.Consistency
  ) -> ChunkRule {
    guard let fields else { return ChunkRule() }
    let rule = ChunkRule(
      kind: fields.choice("by") ?? .auto, rows: fields.integer("rows"), columns: fields.strings("column"),
      span: fields.amount("span"), place: fields.place)
    func refuseKey(_ key: String, _ sentence: String, _ hint: String) {
      refuse("conflicting_keys", sentence, fields[key]?.place ?? fields.place, hint: hint)
    }
    let by = "by: \(rule.kind.rawValue)"
    switch rule.kind {
    case .ctid, .partition:
      if !rule.columns.isEmpty { refuseKey("column", "`\(by)` takes no column", "Leave `column` out") }
      if !isTable {
        refuseKey("by", "`\(by)` needs a `table`, not a query", "Write `by: key` and a `column`")
      }
      if rule.kind == .ctid, consistency == .chunk {
        refuseKey(
          "by", "`by: ctid` needs `consistency: snapshot`", "Rows move between pages when they change")
      }
    case .none:
      for key in ["column", "rows"] where fields[key] != nil {
        refuseKey(key, "`by: none` takes no `\(key)`", "The whole source is one chunk")
      }
    case .time:
      if rule.columns.count > 1 {
        refuseKey("column", "`by: time` takes one `column`", "Name a date or timestamp column")
      }
      if fields["column"] == nil || fields["span"] == nil {
        faults.append(.timeChunksWithoutSpan(at: fields.place))
      }
    case .key:
      if fields["column"] == nil { faults.append(.keyChunksWithoutColumn(at: fields.place)) }
    case .auto: break
    }
    if rule.span != nil, rule.kind != .time {
      refuseKey("span", "`span` is for `by: time`", "Leave it out, or write `by: time`")
    }
    if rule.span == .zero { refuseKey("span", "`span` must be more than nothing", "Write one like 1d") }
    return rule
  }

  private mutating func waitFor(_ fields: Fields?) -> Source.WaitFor? {
    guard let fields else { return nil }
    let within = fields.duration("within") ?? .seconds(1800)
    if let moment = template("replayed_to", of: fields, in: .moment) {
      return .replayedTo(moment, within: within)
    }
    return fields.text("query").map { .query(sql($0, .query), within: within) }
  }
}
