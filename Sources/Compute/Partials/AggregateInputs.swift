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
  private let places: [String]

  private final class Filter {
    let condition: Program
    let arguments: Program
    let selection = Selection()

    init(condition: Program, arguments: Program) {
      self.condition = condition
      self.arguments = arguments
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
      made.append(
        Filter(
          condition: try Program([condition], schema: schema, zones: zones),
          arguments: try Program(arguments, schema: schema, zones: zones)))
    }
    filters = made
    places = plan.aggregate.keys.map { "the group key `\($0.name)`" }
  }

  private static func number(of expression: TypedExpression, in list: inout [TypedExpression]) -> Int {
    if let known = list.firstIndex(of: expression) { return known }
    list.append(expression)
    return list.count - 1
  }

  /// Computes everything for the rows of a batch.
  /// - Throws: `Fault` `aggregate_fault` for the first row that has one.
  func run(_ columns: [Column], _ rows: Rows) throws(Fault) {
    main.run(columns, rows)
    try check(main)
    for filter in filters {
      filter.condition.run(columns, rows)
      try check(filter.condition)
      filter.selection.take(rows, whereTrue: filter.condition.result(0))
      filter.arguments.run(columns, filter.selection.rows)
      try check(filter.arguments)
    }
  }

  private func check(_ program: Program) throws(Fault) {
    guard let first = program.faults.first else { return }
    let isKey = program === main && first.expression < keyCount
    let what = isKey ? places[first.expression] : "an argument of an aggregate"
    throw Fault(
      "aggregate_fault", .data, "Computing \(what) failed for a row", cause: first.fault.sentence,
      hint: "Take such rows out before with a `validate` or `filter` step, or derive the value in a step")
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
