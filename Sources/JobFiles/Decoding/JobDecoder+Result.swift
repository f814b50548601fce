internal import Expressions
internal import Model

extension JobDecoder {
  mutating func aggregate(steps: [Step]) -> Aggregate? {
    guard let fields = root.fields("aggregate") else { return nil }
    let groups = fields.list("group_by").flatMap { node -> [(entry: Step.NamedExpression, place: Place)] in
      if let text = node.text {
        return [(Step.NamedExpression(name: text.text, expression: column(text)), node.place)]
      }
      return node.mapping?.entries.compactMap { entry in
        entry.namedExpression.map {
          (Step.NamedExpression(name: $0.name, expression: expression($0.expression)), entry.key.place)
        }
      } ?? []
    }
    let isEmpty = fields["group_by"] == nil && fields["measures"] == nil
    let group =
      isEmpty
      ? nil
      : GroupNames(keys: groups.map(\.entry), measures: fields.entries("measures").map(\.key.text))
    let measures = fields.entries("measures").compactMap { entry in
      measure(entry, group).map { (measure: $0, place: entry.key.place) }
    }
    let named = groups.map { ($0.entry.name, $0.place) } + measures.map { ($0.measure.name, $0.place) }
    refuseTwins(named, "result columns")
    findCircle { () throws(Faults) in
      _ = try DependencyOrder.order(measures.map(\.measure), besideKeys: Set(groups.map(\.entry.name)))
    }
    if isEmpty {
      refuse(
        "missing_key", "An aggregate needs `group_by` or `measures`", fields.place,
        hint: "Write `group_by: [column]`, `measures: {orders: count(*)}`, or both")
    }
    return Aggregate(
      groupBy: groups.map(\.entry), groupingSets: groupingSets(fields, groups: groups.map(\.entry.name)),
      measures: measures.map(\.measure),
      having: fields.text("having").map { expression($0, aggregates: true, group: group) },
      place: fields.place)
  }

  /// A column's bare name as an expression: quoted where it would read as something else.
  private func column(_ name: SourceText) -> SourceText {
    do throws(Fault) {
      if case .column(name.text) = try ExpressionParser.parse(name).node { return name }
    } catch {
      // Reads as no expression at all, so it needs the quotes too.
    }
    var quoted = name
    quoted.text = Identifier(name.text).quoted
    return quoted
  }

  private mutating func measure(
    _ entry: YAMLMapping.Entry, _ group: GroupNames?
  ) -> Aggregate.Measure? {
    if let text = entry.value.text {
      return Aggregate.Measure(
        name: entry.key.text, value: expression(text, aggregates: true, group: group), type: nil,
        description: nil)
    }
    guard let fields = Fields(entry.value), let value = fields.text("value") else { return nil }
    return Aggregate.Measure(
      name: entry.key.text, value: expression(value, aggregates: true, group: group),
      type: fields.type("type"),
      description: fields.string("description"))
  }

  /// Rollups and cubes are spelled out.
  private mutating func groupingSets(_ fields: Fields, groups: [String]) -> [[String]]? {
    guard let node = fields["grouping_sets"] else { return nil }
    let most = Aggregate.mostGroupingSets
    switch node.text?.text {
    case "rollup" where groups.count < most:
      return (0...groups.count).reversed().map { Array(groups.prefix($0)) }
    case "cube" where groups.count < Int.bitWidth - 2 && 1 << groups.count <= most:
      return (0..<(1 << groups.count)).reversed().map { bits in
        groups.enumerated().filter { bits >> (groups.count - 1 - $0.offset) & 1 == 1 }.map(\.element)
      }
    case let word? where word == "rollup" || word == "cube":
      refuse(
        "out_of_range", "A \(word) of \(groups.count) columns has more than \(most) grouping sets",
        node.place,
        hint: "Name the sets that are needed")
      return nil
    default: break
    }
    var sets: [[String]] = []
    var seen: Set<Set<String>> = []
    for element in node.sequence ?? [] {
      let columns = element.sequence?.compactMap(\.text) ?? []
      for column in columns where !groups.contains(column.text) {
        refuse(
          "unknown_column", "`\(column.text.shortened)` is not in `group_by`", column.place,
          hint: DidYouMean.hint(for: column.text, among: groups) ?? "It has " + groups.joined(separator: ", ")
        )
      }
      let set = columns.map(\.text)
      if !seen.insert(Set(set)).inserted {
        refuse(
          "duplicate_name", "This grouping set stands there twice", element.place,
          hint: "Take one of them out")
      }
      sets.append(set)
    }
    if sets.count > most {
      refuse(
        "out_of_range", "There are \(sets.count) grouping sets; at most \(most) work at once", node.place,
        hint: "Split the job in two")
    }
    return sets
  }

  mutating func checks(result: ResultColumns) -> [Check] {
    let checks = (root["checks"]?.sequence ?? []).compactMap { Fields($0).flatMap { check($0, result) } }
    refuseTwins(checks.map { ($0.name, $0.place) }, "checks")
    return checks
  }

  private mutating func check(_ fields: Fields, _ result: ResultColumns) -> Check? {
    let condition: Check.Condition
    let spelling: String
    if let text = fields.text("expect") {
      let wholeResult = GroupNames(keys: [], measures: [])
      condition = .expect(
        expression(text, aggregates: true, columns: result.names, group: wholeResult))
      spelling = text.text
    } else if let text = fields.text("every") {
      (condition, spelling) = (.every(expression(text, columns: result.names)), text.text)
    } else if fields["unique"] != nil {
      requireColumns(fields.texts("unique"), of: result)
      let columns = fields.strings("unique")
      (condition, spelling) = (.unique(columns), "unique " + columns.joined(separator: ", "))
    } else {
      return nil
    }
    return Check(
      name: fields.string("name") ?? spelling.shortened, condition: condition,
      severity: fields.choice("severity") ?? .error, place: fields.place)
  }
}
