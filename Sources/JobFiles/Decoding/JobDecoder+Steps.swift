internal import Expressions
internal import Model
internal import Runtime

extension JobDecoder {
  mutating func steps() -> [Step] {
    let nodes = root["process"]?.sequence ?? []
    let steps = nodes.enumerated().compactMap { index, node in
      Fields(node).flatMap { step($0, number: index + 1) }
    }
    refuseTwins(steps.map { ($0.name, $0.place) }, "steps")
    if root["aggregate"] == nil, root["process"]?.sequence != nil || root["process"] == nil {
      requireSelect(nodes.last)
    }
    return steps
  }

  /// Without an aggregate the rows leave as they are: what leaves must be said.
  private mutating func requireSelect(_ last: YAMLNode?) {
    if last?.mapping?["select"] != nil { return }
    refuse(
      "select_required", "A job without `aggregate` needs a `select` as its last step",
      last?.place ?? root.place, hint: "Name the columns that the result has: `- select: [a, b]`")
  }

  private mutating func step(_ fields: Fields, number: Int) -> Step? {
    guard let kind = JobShape.stepWords.first(where: { fields[$0] != nil }),
      let action = action(kind, fields)
    else { return nil }
    let neverRejects = ["sanitize", "lookup", "pseudonymise", "select", "rename", "drop"]
    if fields["on_fail"] != nil, neverRejects.contains(kind) {
      refuse(
        "conflicting_keys", "`\(kind)` rejects no row, so `on_fail` means nothing here",
        fields["on_fail"]?.place,
        hint: kind == "lookup" ? "Write `on_missing:` inside it" : "Leave it out")
    }
    return Step(
      name: fields.string("name") ?? "step \(number) (\(kind))", action: action,
      onFail: fields.choice("on_fail") ?? .fail, place: fields.place)
  }

  private mutating func action(_ kind: String, _ fields: Fields) -> Step.Action? {
    switch kind {
    case "sanitize": return .sanitize(sanitizings(fields))
    case "parse": return fields.fields("parse").flatMap { parsing($0) }.map(Step.Action.parse)
    case "validate": return .validate(rules(fields))
    case "derive": return .derive(expressions(fields.entries("derive")))
    case "filter": return fields.text("filter").map { .filter(expression($0)) }
    case "lookup": return fields.fields("lookup").flatMap { lookup($0) }.map(Step.Action.lookup)
    case "pseudonymise": return fields.fields("pseudonymise").flatMap { pseudonymisation($0) }
    case "select": return .select(selection(fields))
    case "rename": return .rename(fields.columns("rename"))
    default: return .drop(fields.strings("drop"))
    }
  }

  private mutating func expressions(_ entries: [YAMLMapping.Entry]) -> [Step.NamedExpression] {
    let made = entries.compactMap(\.namedExpression).map {
      Step.NamedExpression(name: $0.name, expression: expression($0.expression))
    }
    findCircle { () throws(Faults) in _ = try DependencyOrder.sort(made) }
    return made
  }

  /// What cannot be read has been told of already.
  mutating func findCircle(_ ordering: () throws(Faults) -> Void) {
    do throws(Faults) {
      try ordering()
    } catch {
      faults += error.all.filter { $0.code == "cycle" }
    }
  }

  private mutating func rules(_ fields: Fields) -> [Step.Rule] {
    let nodes = fields.list("validate")
    let rules = nodes.compactMap { node -> Step.Rule? in
      guard let rule = Fields(node), let expect = rule.text("expect") else { return nil }
      let stepName = nodes.count == 1 ? fields.string("name") : nil
      return Step.Rule(
        name: rule.string("name") ?? stepName ?? expect.text.shortened, expect: expression(expect))
    }
    refuseTwins(rules.map { ($0.name, $0.expect.place) }, "rules")
    return rules
  }

  private mutating func selection(_ fields: Fields) -> [Step.NamedColumn] {
    let columns = fields.list("select").flatMap { node -> [Step.NamedColumn] in
      if let text = node.text {
        return [Step.NamedColumn(name: text.text, column: text.text, place: node.place)]
      }
      return node.mapping?.entries.compactMap(\.namedColumn) ?? []
    }
    refuseTwins(columns.map { ($0.name, $0.place) }, "columns")
    return columns
  }

  private mutating func sanitizings(_ fields: Fields) -> [Step.Sanitizing] {
    fields.entries("sanitize").map { entry in
      let nodes = entry.value.sequence ?? [entry.value]
      return Step.Sanitizing(
        column: entry.key.text, operations: nodes.compactMap { operation($0) }, place: entry.key.place)
    }
  }

  private mutating func operation(_ node: YAMLNode) -> Step.SanitizeOperation? {
    if let fields = Fields(node) {
      if let count = fields.integer("truncate") { return .truncate(count) }
      if let count = fields.integer("mask") { return .mask(keep: count) }
      return fields.text("redact").map { text in
        attempt { () throws(Fault) in _ = try TextPattern(parsing: text) }
        return .redact(pattern: text.text)
      }
    }
    return switch node.text?.text {
    case "trim": .trim
    case "collapse_spaces": .collapseSpaces
    case "strip_control": .stripControl
    case "lower": .lower
    case "upper": .upper
    case "nfc": .nfc
    case "null_if_empty": .nullIfEmpty
    default: nil
    }
  }

  private mutating func parsing(_ fields: Fields) -> Step.Parsing? {
    guard let column = fields.string("column"), let type = fields.text("as") else { return nil }
    let pattern = fields.string("pattern")
    if let text = fields.text("pattern") {
      attempt { () throws(Fault) in _ = try DatePattern(text.text, place: text.place) }
    }
    if let text = fields.text("zone"), Self.zones.zone(text.text) == nil {
      faults.append(ZoneFiles.system.unknown(text.text, at: text.place))
    }
    if let text = fields.text("path") {
      attempt { () throws(Fault) in _ = try JSONPath(text.text, place: text.place) }
    }
    var allowed: Set<String> = []
    let target: Step.Parsing.Target
    switch type.text == "json" ? nil : type.asType {
    case .integer: target = .integer
    case .numeric(let modifier): target = .numeric(modifier)
    case .boolean: target = .boolean
    case .date:
      target = .date(pattern: pattern)
      allowed = ["pattern"]
    case .timestamp:
      target = .timestamp(pattern: pattern, zone: fields.string("zone"))
      allowed = ["pattern", "zone"]
    default:
      guard type.text == "json" else {
        refuse(
          "bad_value", "`as` cannot be `\(type.text.shortened)`", type.place,
          hint: "It can be integer, numeric, numeric(p,s), date, timestamp, boolean or json")
        return nil
      }
      if fields["path"] == nil {
        refuse("missing_key", "`as: json` needs `path`", fields.place, hint: "Write one like $.address.city")
      }
      target = .json(path: fields.string("path") ?? "$")
      allowed = ["path"]
    }
    for key in ["pattern", "zone", "path"] where fields[key] != nil && !allowed.contains(key) {
      refuse(
        "conflicting_keys", "`as: \(type.text)` takes no `\(key)`", fields[key]?.place, hint: "Leave it out")
    }
    return Step.Parsing(column: column, into: fields.string("into"), target: target)
  }

  /// Gathers the fault of a text that is read here only to know that it can be.
  private mutating func attempt(_ reading: () throws(Fault) -> Void) {
    do throws(Fault) {
      try reading()
    } catch {
      faults.append(error)
    }
  }

  private mutating func lookup(_ fields: Fields) -> Lookup? {
    guard let origin = fields.fields("from").flatMap({ lookupFrom($0) }) else { return nil }
    return Lookup(
      from: origin, match: fields.columns("match"), take: fields.columns("take"),
      onMissing: fields.choice("on_missing") ?? .fail, onDuplicate: fields.choice("on_duplicate") ?? .error,
      maximumRows: fields.integer("max_rows"))
  }

  private mutating func lookupFrom(_ fields: Fields) -> Lookup.From? {
    if let path = fields.string("file") {
      if fields["connection"] != nil {
        refuse(
          "conflicting_keys", "A lookup file has no connection", fields["connection"]?.place,
          hint: "Leave it out")
      }
      return .file(path: path)
    }
    let connection = self.connection(of: fields)
    if fields["connection"] == nil, fields["table"] != nil || fields["query"] != nil {
      refuse("missing_key", "`from` needs `connection`", fields.place)
    }
    let table = tableName("table", of: fields)
    let query = fields.text("query").map { sql($0, .query) }
    guard let connection else { return nil }
    if let table { return .table(connection: connection, name: table) }
    return query.map { .query(connection: connection, sql: $0) }
  }

  private mutating func pseudonymisation(_ fields: Fields) -> Step.Action? {
    guard let text = fields.text("key"), let key = template(text, in: .secret) else { return nil }
    if !key.references.contains(where: \.namespace.isExternal) {
      refuse(
        "secret_in_file", "The key of `pseudonymise` stands in the file", text.place,
        hint: "Write `${credential.NAME}`, `${env.NAME}` or `${file:path}`")
    }
    return .pseudonymise(take: fields.columns("take"), key: key)
  }
}
