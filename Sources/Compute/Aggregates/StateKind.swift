import Expressions
import Model

/// Which accumulator holds an aggregate's state. Calls of one kind with equal arguments and filter share it:
/// `sum(x)`, `avg(x)` and `count(x)` are one state.
enum StateKind: Hashable {
  case count
  case numericSums(SQLType)
  case numericSquares(SQLType)
  case floatSums(squares: Bool)
  case intervalSums
  case integerExtremes(SQLType, isMaximum: Bool)
  case numericExtremes(isMaximum: Bool)
  case keyExtremes(SQLType, isMaximum: Bool)
  case edge(SQLType, order: [KeyColumn], isLast: Bool)
  case boolean
  case distinctSketch(SQLType)
  case quantileSketch(SQLType)

  /// The state of a call that is no stream of values (`ValueStream`).
  /// - Throws: `Fault` `unsupported_aggregate` for a type that the function does not take.
  init(_ call: AggregateCall) throws(Fault) {
    let type = call.arguments.first?.type.base
    switch (call.function, type) {
    case (.count, _): self = .count
    case (.sum, let type?), (.avg, let type?):
      if type.isInteger || type.isNumeric {
        self = .numericSums(type)
      } else if type.isFloat {
        self = .floatSums(squares: false)
      } else if type == .interval {
        self = .intervalSums
      } else {
        throw Self.unsupported(call)
      }
    case (.varPop, let type?), (.varSamp, let type?), (.stddevPop, let type?), (.stddevSamp, let type?):
      guard type.isNumber else { throw Self.unsupported(call) }
      self = type.isFloat ? .floatSums(squares: true) : .numericSquares(type)
    case (.min, let type?): self = Self.extremes(type, isMaximum: false)
    case (.max, let type?): self = Self.extremes(type, isMaximum: true)
    case (.boolAnd, .boolean?), (.boolOr, .boolean?): self = .boolean
    case (.first, let type?), (.last, let type?):
      let order = call.order.map {
        KeyColumn($0.expression.type, isDescending: $0.isDescending, nullsFirst: $0.nullsFirst)
      }
      self = .edge(type, order: order, isLast: call.function == .last)
    case (.approxCountDistinct, let type?): self = .distinctSketch(type)
    case (.approxPercentile, let type?):
      guard type.isNumber else { throw Self.unsupported(call) }
      self = .quantileSketch(type)
    default: throw Self.unsupported(call)
    }
  }

  private static func extremes(_ type: SQLType, isMaximum: Bool) -> StateKind {
    if type.isNumeric { return .numericExtremes(isMaximum: isMaximum) }
    switch ColumnForm(type) {
    case .integers, .doubles: return .integerExtremes(type, isMaximum: isMaximum)
    case .numerics, .bytes, .intervals, .uuids: return .keyExtremes(type, isMaximum: isMaximum)
    }
  }

  static func unsupported(_ call: AggregateCall) -> Fault {
    let types = call.arguments.map(\.type.sqlName).joined(separator: ", ")
    return Fault(
      "unsupported_aggregate", .validation,
      "There is no aggregate `\(call.function.rawValue)(\(types))`",
      hint: "Cast the argument, or compute it in Postgres with add_columns")
  }

  func makeAccumulator() -> any Accumulator {
    switch self {
    case .count: CountAccumulator()
    case .numericSums(let type): NumericSums(type)
    case .numericSquares(let type): NumericSquares(type)
    case .floatSums(let squares): FloatSums(squares: squares)
    case .intervalSums: IntervalSums()
    case .integerExtremes(let type, let isMaximum): IntegerExtremes(type, isMaximum: isMaximum)
    case .numericExtremes(let isMaximum): NumericExtremes(isMaximum: isMaximum)
    case .keyExtremes(let type, let isMaximum): KeyExtremes(type, isMaximum: isMaximum)
    case .edge(let type, let order, let isLast): KeyExtremes(type, order: order, isLast: isLast)
    case .boolean: BooleanAccumulator()
    case .distinctSketch(let type): DistinctSketches(type)
    case .quantileSketch(let type): QuantileSketches(type)
    }
  }
}
