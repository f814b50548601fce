package import Expressions
package import Model

/// The one SELECT that gives a plan's result in Postgres: what `verify` holds a published table to.
///
/// Written from the typed pipeline and sharing nothing with the kernels: each step is a layer of its own
/// around the last, its columns named `c0`, `c1`, ... by position. What SQL has no exact words for is
/// refused by name.
package struct EquivalentSQL: Sendable {
  /// Columns `o0`, `o1`, ... in the order of `Plan.result`.
  package let select: SQLText
  package let connection: String
  /// A step that leaves rows out, or goes on with them, where an expression of it faults: a fault of one row is one of
  /// the whole statement in SQL.
  package let tolerantStep: TypedStep?

  /// - Parameter inOrder: Postgres is held to the order of the steps. Else it may look at a row that an earlier step
  ///   has left out, which is faster, and faults where that row does.
  /// - Throws: `Fault` `not_in_sql`.
  package init(_ plan: Plan, inOrder: Bool = false) throws(Fault) {
    guard let first = plan.sources.first, plan.sources.allSatisfy({ $0.connection == first.connection })
    else {
      throw Fault(
        "not_in_sql", .validation,
        "The job reads several databases, and no one SELECT can read them all",
        hint: "Compare it with what you compute of each of them, or verify a job that reads one")
    }
    connection = first.connection
    tolerantStep = plan.pipeline.steps.first { $0.onFail != .fail && $0.canFault }
    var layer = EquivalentSQL.fetch(plan)
    for step in plan.pipeline.steps {
      layer = try EquivalentSQL.apply(step, to: layer, plan: plan)
      if inOrder { layer.sql = "(SELECT * FROM \(layer.sql) AS s OFFSET 0)" }
    }
    if let aggregate = plan.pipeline.aggregate {
      select = try EquivalentSQL.aggregate(aggregate, layer)
    } else {
      let outputs: [SQLText] = (0..<layer.count).map { "c\($0) AS o\($0)" }
      select = "SELECT \(outputs) FROM \(layer.sql) AS s"
    }
  }

  /// A FROM item in parentheses, with columns `c0` up to `count`.
  private struct Layer {
    var sql: SQLText
    var count: Int

    var columns: [SQLText] { EquivalentSQL.names(count) }
    var renderer: SQLRenderer { SQLRenderer(columns: columns) }

    /// The columns as they are, but for those that are given.
    func selecting(_ replaced: [Int: SQLText], where condition: SQLText? = nil) -> Layer {
      let width = max(count, (replaced.keys.max() ?? -1) + 1)
      let items: [SQLText] = (0..<width).map { "\(replaced[$0] ?? "c\($0)") AS c\($0)" }
      let filter: SQLText = condition.map { " WHERE \($0)" } ?? ""
      return Layer(sql: "(SELECT \(items) FROM \(sql) AS s\(filter))", count: width)
    }
  }

  private static func names(_ count: Int, _ letter: StaticString = "c") -> [SQLText] {
    let letter = SQLText(stringLiteral: letter)
    return (0..<count).map { "\(letter)\($0)" }
  }

  private static func fetch(_ plan: Plan) -> Layer {
    let count = plan.pipeline.fetched.count
    let parts: [SQLText] = plan.sources.indices.compactMap { number in
      // A source without a chunk has no rows.
      guard let chunk = plan.chunks.first(where: { $0.source == number }) else { return nil }
      let source = plan.sources[number]
      let filter: SQLText = source.filter.map { " WHERE \($0)" } ?? ""
      return "SELECT \(chunk.columns) FROM \(source.relation)\(filter)"
    }
    let nothing: SQLText =
      "SELECT \(plan.pipeline.fetched.map { "NULL::\(type: $0.type)" as SQLText }) WHERE false"
    let all: SQLText = parts.isEmpty ? nothing : "\(parts, separator: " UNION ALL ")"
    // A count of rows takes no column, and a list of none is no SQL.
    let columns: SQLText = count == 0 ? "" : "(\(names(count)))"
    return Layer(sql: "(SELECT * FROM (\(all)) AS source\(columns))", count: count)
  }

  // MARK: Steps

  private static func apply(_ step: TypedStep, to layer: Layer, plan: Plan) throws(Fault) -> Layer {
    switch step.action {
    case .derive(let entries):
      // Entries see the ones before them.
      return entries.reduce(layer) { layer, entry in
        let value = layer.renderer.render(entry.expression)
        // A value that nothing uses is not computed, and its fault would leave the row there.
        let isJudged = (step.onFail == .drop || step.onFail == .quarantine) && !entry.expression.cannotFault
        return layer.selecting([entry.into: value], where: isJudged ? "num_nulls(\(value)) >= 0" : nil)
      }
    case .filter(let condition, _):
      return layer.selecting([:], where: layer.renderer.render(condition))
    case .validate(let rules):
      if step.onFail == .keep || step.onFail == .fail { return layer }
      let conditions = rules.map { layer.renderer.render($0.expect) }
      return layer.selecting([:], where: "\(conditions, separator: " AND ")")
    case .project(let numbers):
      let items: [SQLText] = numbers.enumerated().map { "c\($0.element) AS c\($0.offset)" }
      return Layer(sql: "(SELECT \(items) FROM \(layer.sql) AS s)", count: numbers.count)
    case .lookup(let lookup): return try join(lookup, step, layer, plan)
    case .sanitize: throw refused(step, "sanitize")
    case .parse: throw refused(step, "parse")
    case .pseudonymise: throw refused(step, "pseudonymise")
    }
  }

  private static func refused(_ step: TypedStep, _ what: String) -> Fault {
    Fault(
      "not_in_sql", .validation, "The step \"\(step.name)\" (\(what)) has no exact equal in SQL",
      place: step.place,
      hint: "Verify what comes of it another way, or move it into a view that the job reads")
  }

  private static func join(
    _ lookup: TypedStep.LookupStep, _ step: TypedStep, _ layer: Layer, _ plan: Plan
  ) throws(Fault) -> Layer {
    let planned = plan.lookups[lookup.table]
    guard case .query(let connection, let sql) = planned.origin, connection == plan.sources[0].connection,
      planned.onDuplicate == .error
    else { throw refused(step, "lookup in another place, or with `on_duplicate: first`") }
    let keys = names(planned.key.count, "k")
    let conditions: [SQLText] = lookup.match.enumerated().map { number, column in
      let collation: SQLText = planned.key[number].type.isText ? " COLLATE \"C\"" : ""
      return "s.c\(column)\(collation) = l.\(keys[number])"
    }
    // Whether a row stays that finds nothing; under `fail` there is none.
    let kind: SQLText = lookup.onMissing == .keep ? "LEFT JOIN" : "JOIN"
    var taken: [Int: SQLText] = [:]
    for take in lookup.take { taken[take.into] = "l.p\(take.payload)" }
    let width = max(layer.count, (taken.keys.max() ?? -1) + 1)
    let items: [SQLText] = (0..<width).map { "\(taken[$0] ?? "s.c\($0)") AS c\($0)" }
    let payload = keys + names(planned.payload.count, "p")
    return Layer(
      sql:
        "(SELECT \(items) FROM \(layer.sql) AS s \(kind) (\(sql)) AS l(\(payload)) ON \(conditions, separator: " AND "))",
      count: width)
  }

  // MARK: The aggregation

  private static func aggregate(_ aggregate: TypedAggregate, _ rows: Layer) throws(Fault) -> SQLText {
    var calls: [SQLText] = []
    for call in aggregate.calls { calls.append(try self.call(call, rows.renderer)) }
    let keys = aggregate.keys.enumerated().map { number, key -> SQLText in
      let collation: SQLText = key.expression.type.isText ? " COLLATE \"C\"" : ""
      return "\(rows.renderer.render(key.expression))\(collation) AS k\(number)"
    }
    // Postgres 15 takes one column under two names for one key once it has drawn the subquery in.
    let fence: SQLText = aggregate.sets.count > 1 ? " OFFSET 0" : ""
    let keyed: SQLText = "(SELECT \(["s.*"] + keys) FROM \(rows.sql) AS s\(fence))"
    let shown = aggregate.keys.enumerated().map { number, key -> SQLText in
      let (name, type): (SQLText, SQLType) = ("k\(number)", key.expression.type)
      if type.isFloat { return withoutNegativeZero(name, type) }
      if type.isNumeric { return rescaled(name, like: name) }
      // NULL where a grouping set leaves the key out.
      return type == .interval
        ? "CASE WHEN \(name) IS NOT NULL THEN \(extreme(.greatest, of: name, type)) END" : name
    }
    var group: [SQLText] = shown + calls
    group += aggregate.groupings.map { "grouping(\($0.map { "k\($0)" as SQLText }))" }
    let inner: [SQLText] = group.enumerated().map { "\($0.element) AS c\($0.offset)" }
    let sets: [SQLText] = aggregate.sets.map { "(\($0.map { "k\($0)" as SQLText }))" }
    // One row, also of constants alone.
    let isOne = keys.isEmpty && !calls.isEmpty
    let by: SQLText = isOne ? "" : " GROUP BY GROUPING SETS (\(sets))"
    let renderer = SQLRenderer(
      columns: names(group.count).enumerated().map { number, column in
        let call = number - shown.count
        return aggregate.calls.indices.contains(call) ? finished(aggregate.calls[call], column) : column
      })
    let outputs: [SQLText] = aggregate.outputs.enumerated().map {
      "\(renderer.render($0.element.expression)) AS o\($0.offset)"
    }
    let having: SQLText = aggregate.having.map { " WHERE \(renderer.render($0))" } ?? ""
    return "SELECT \(outputs) FROM (SELECT \(inner) FROM \(keyed) AS r\(by)) AS g\(having)"
  }

  private static func call(_ call: AggregateCall, _ renderer: SQLRenderer) throws(Fault) -> SQLText {
    let isFloat = call.arguments.contains { $0.type.isFloat }
    switch call.function {
    case .count, .min, .max, .boolAnd, .boolOr: break
    case .sum, .avg, .stddevPop, .stddevSamp, .varPop, .varSamp:
      if !isFloat { break }
      throw Fault(
        "not_in_sql", .validation,
        "`\(call.function.rawValue)` of floating-point values depends on the order of the rows in Postgres",
        hint: "Cast to numeric before, where every digit is to be the same")
    default:
      throw Fault(
        "not_in_sql", .validation, "`\(call.function.rawValue)` has no exact equal in Postgres",
        hint: "Hold the published table to a query of your own; docs/jobs.md says how it is defined")
    }
    let arguments: [SQLText] = call.arguments.map {
      $0.type.isText ? "(\(renderer.render($0)) COLLATE \"C\")" : renderer.render($0)
    }
    let distinct: SQLText = call.isDistinct ? "DISTINCT " : ""
    let inside: SQLText = arguments.isEmpty ? "*" : "\(distinct)\(arguments)"
    let condition = call.filter.map { renderer.render($0) }
    let filter: SQLText = condition.map { " FILTER (WHERE \($0))" } ?? ""
    if takesSpelledValues(call) { return "array_agg(\(arguments))\(filter)" }
    let sql: SQLText = "\(SQLText(trusted: call.function.rawValue))(\(inside))\(filter)"
    if call.type.isFloat { return withoutNegativeZero(sql, call.type) }
    guard let type = call.arguments.first?.type, type == .numeric || type == .interval else { return sql }
    switch call.function {
    case .min: return extreme(.least, of: "\(arguments)", type, where: condition)
    case .max: return extreme(.greatest, of: "\(arguments)", type, where: condition)
    case .sum where call.isDistinct && type == .numeric:
      return rescaled(sql, like: "\(arguments)", filter: filter)
    case .avg where call.isDistinct && type == .numeric:
      let sum = rescaled("sum(\(inside))\(filter)", like: "\(arguments)", filter: filter)
      return "\(sum) / nullif(count(\(inside))\(filter), 0)"
    default: return sql
    }
  }

  // MARK: One spelling of equal values

  /// Whether the result shows which of equal values DISTINCT has left, and there is no telling by the result alone.
  private static func takesSpelledValues(_ call: AggregateCall) -> Bool {
    guard call.isDistinct, let type = call.arguments.first?.type else { return false }
    switch call.function {
    case .sum, .avg: return type == .interval
    case .stddevPop, .stddevSamp, .varPop, .varSamp: return type == .numeric
    default: return false
    }
  }

  /// A call's result from its column of the groups: for `takesSpelledValues` an array of all values.
  private static func finished(_ call: AggregateCall, _ column: SQLText) -> SQLText {
    guard takesSpelledValues(call) else { return column }
    let spelling: SQLText =
      call.arguments[0].type == .interval
      ? "date_trunc('month', v) DESC, date_trunc('day', v) DESC" : "scale(v) DESC NULLS LAST"
    return
      "(SELECT \(SQLText(trusted: call.function.rawValue))(v) FROM (SELECT DISTINCT ON (v) v FROM unnest(\(column)) AS v ORDER BY v, \(spelling)) AS d)"
  }

  private enum Extreme { case least, greatest }

  /// The least or greatest value of an aggregation, and of those that are equal the one that results have: that with
  /// most decimals, or most months and then days. Arrays are compared element by element, and take no memory that
  /// grows with the rows.
  private static func extreme(
    _ end: Extreme, of value: SQLText, _ type: SQLType, where condition: SQLText? = nil
  ) -> SQLText {
    let (call, sign): (SQLText, SQLText) = end == .least ? ("min", "-") : ("max", "")
    // As seconds: an interval at the limits of months or days has no negative.
    let spelled: SQLText =
      type == .interval
      ? "make_interval(secs => \(sign)(extract(year FROM \(value)) * 12 + extract(month FROM \(value)))), make_interval(secs => \(sign)extract(day FROM \(value)))"
      : "\(sign)scale(\(value))"
    let filter: SQLText = condition.map { " AND (\($0))" } ?? ""
    return "(\(call)(ARRAY[\(value), \(spelled)]) FILTER (WHERE (\(value)) IS NOT NULL\(filter)))[1]"
  }

  /// A numeric with the most decimals that `values` have.
  private static func rescaled(_ sql: SQLText, like values: SQLText, filter: SQLText = "") -> SQLText {
    "coalesce(round(\(sql), max(scale(\(values)))\(filter)), \(sql))"
  }

  private static func withoutNegativeZero(_ sql: SQLText, _ type: SQLType) -> SQLText {
    "(\(sql) + 0::\(type: type))"
  }
}
