import Expressions
import Model

/// Computes what the states of an aggregate are fed with: group keys, filters, and arguments, the latter only for
/// the rows that pass their filter.
final class AggregateInputs {
  private let keyCount: Int
  /// Keys, then the arguments of everything without a filter.
  private let main: Program
  private let filters: [Filter]
  private let states: [Source]
  private let streams: [Source]
  private let aggregate: TypedAggregate
  private let mainExpressions: [TypedExpression]

  private final class Filter {
    let condition: Program
    let conditionExpression: TypedExpression
    let arguments: Program
    let argumentExpressions: [TypedExpression]
    let selection = Selection()

    init(
      _ condition: TypedExpression, _ arguments: [TypedExpression], schema: [ColumnSchema], zones: ZoneContext
    ) throws(Fault) {
      conditionExpression = condition
      argumentExpressions = arguments
      self.condition = try Program([condition], schema: schema, zones: zones)
      self.arguments = try Program(arguments, schema: schema, zones: zones)
    }
  }

  /// Where arguments come from: a filter's program, or the main one, and numbers in it.
  private struct Source {
    let filter: Int?
    let results: [Int]
  }

  /// - Throws: `Fault` `not_compilable`.
  init(_ plan: AggregatePlan, schema: [ColumnSchema], zones: ZoneContext) throws(Fault) {
    let keys = plan.aggregate.keys.map(\.expression)
    var mainExpressions = keys
    var conditions: [TypedExpression] = []
    var filtered: [[TypedExpression]] = []
    func source(_ arguments: [TypedExpression], _ filter: TypedExpression?) -> Source {
      guard let filter else {
        return Source(filter: nil, results: arguments.map { Self.number(of: $0, in: &mainExpressions) })
      }
      let index: Int
      if let known = conditions.firstIndex(of: filter) {
        index = known
      } else {
        index = conditions.count
        conditions.append(filter)
        filtered.append([])
      }
      return Source(filter: index, results: arguments.map { Self.number(of: $0, in: &filtered[index]) })
    }
    states = plan.states.map { source($0.arguments, $0.filter) }
    streams = plan.streams.map { source($0.inputs, $0.call.filter) }
    keyCount = keys.count
    main = try Program(mainExpressions, schema: schema, zones: zones)
    var made: [Filter] = []
    for (condition, arguments) in zip(conditions, filtered) {
      made.append(try Filter(condition, arguments, schema: schema, zones: zones))
    }
    filters = made
    aggregate = plan.aggregate
    self.mainExpressions = mainExpressions
  }

  private static func number(of expression: TypedExpression, in list: inout [TypedExpression]) -> Int {
    if let known = list.firstIndex(of: expression) { return known }
    list.append(expression)
    return list.count - 1
  }

  /// Computes everything for the rows of a batch.
  /// - Throws: `Fault` `aggregate_fault` for the first row that has one.
  func run(_ batch: borrowing Batch) throws(Fault) {
    let (columns, rows) = (batch.columns, batch.rows)
    main.run(columns, rows)
    try check(main, mainExpressions, batch)
    for filter in filters {
      filter.condition.run(columns, rows)
      try check(filter.condition, [filter.conditionExpression], batch)
      filter.selection.take(rows, whereTrue: filter.condition.result(0))
      filter.arguments.run(columns, filter.selection.rows)
      try check(filter.arguments, filter.argumentExpressions, batch)
    }
  }

  private func check(
    _ program: Program, _ expressions: [TypedExpression], _ batch: borrowing Batch
  ) throws(Fault) {
    guard let first = program.faults.first else { return }
    let expression = expressions[first.expression]
    let (name, source) = user(of: expression, isKey: program === main && first.expression < keyCount)
    let which =
      batch.record?.name(first.row, ordinal: batch.firstOrdinal + Int64(first.row)) ?? "Row \(first.row)"
    let broken = StepExpressions(
      [(expression, source ?? SourceText(name, origin: name))], schema: batch.schema, columns: batch.columns
    )
    .broken(0, first.row, rule: name, first.fault)
    throw Fault(
      "aggregate_fault", .data, "\(which) fails \(name)", place: source?.place, cause: broken.detail,
      hint: "Take such rows out before with a `validate` or `filter` step, or derive the value in a step")
  }

  /// What an expression is computed for, and what the job says there: a group key, else the first measure
  /// with it, else `having`.
  private func user(of expression: TypedExpression, isKey: Bool) -> (name: String, source: SourceText?) {
    if isKey, let key = aggregate.keys.first(where: { $0.expression == expression }) {
      return ("the group key `\(key.name)`", key.source)
    }
    let calls = aggregate.calls.indices.filter { number in
      let call = aggregate.calls[number]
      return call.filter == expression || call.arguments.contains(expression)
        || call.order.contains { $0.expression == expression }
    }
    let columns = Set(calls.map { keyCount + $0 })
    if let measure = aggregate.outputs.first(where: { !columns.isDisjoint(with: $0.expression.columns) }) {
      return ("the measure `\(measure.name)`", measure.source)
    }
    return ("`having`", nil)
  }

  var keys: [Column] { (0..<keyCount).map { main.result($0) } }

  func ofState(_ index: Int, _ rows: Rows) -> (rows: Rows, columns: [Column]) {
    columns(states[index], rows)
  }

  func ofStream(_ index: Int, _ rows: Rows) -> (rows: Rows, columns: [Column]) {
    columns(streams[index], rows)
  }

  private func columns(_ source: Source, _ rows: Rows) -> (rows: Rows, columns: [Column]) {
    guard let filter = source.filter else { return (rows, source.results.map { main.result($0) }) }
    return (filters[filter].selection.rows, source.results.map { filters[filter].arguments.result($0) })
  }
}
