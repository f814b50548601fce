import Expressions
import Model

/// How a typed aggregate is carried out: which states there are, what feeds them, and the layout of the
/// records that hold them.
struct AggregatePlan {
  let aggregate: TypedAggregate
  /// Types of the group keys.
  let keyTypes: [SQLType]
  let states: [State]
  let streams: [ValueStream]
  /// Where the value of each call comes from.
  let results: [Result]
  /// What tells blocks of this aggregation from others.
  let layout: UInt64

  struct State: Hashable {
    let kind: StateKind
    /// Argument and ordering expressions, in the order the accumulator takes them.
    let arguments: [TypedExpression]
    let filter: TypedExpression?
  }

  enum Result {
    case state(Int, Finishing)
    /// `counted`: the state that holds how many values there are, where the finisher needs to know.
    case stream(Int, counted: Int?)
  }

  /// One byte tells the streams of a group apart.
  static let maximumStreams = 254

  /// - Throws: `Fault` `unsupported_aggregate`; `too_many_grouping_sets`.
  init(_ aggregate: TypedAggregate) throws(Fault) {
    var states: [State] = []
    var streams: [ValueStream] = []
    var results: [Result] = []
    func number(of state: State) -> Int {
      if let known = states.firstIndex(of: state) { return known }
      states.append(state)
      return states.count - 1
    }
    let calls = aggregate.calls.map(\.shape)
    for call in calls {
      if let stream = try ValueStream(call) {
        var counted: Int?
        if call.function == .percentileCont || call.function == .percentileDisc {
          counted = number(of: State(kind: .count, arguments: stream.inputs, filter: call.filter))
        }
        results.append(.stream(streams.count, counted: counted))
        streams.append(stream)
      } else {
        var kind = try StateKind(call)
        if call.function == .count, let argument = call.arguments.first {
          // A sum over the same values counts them as well.
          kind = Self.countingKind(of: argument, filter: call.filter, among: calls)
        }
        let state = State(
          kind: kind, arguments: call.arguments + call.order.map(\.expression), filter: call.filter)
        results.append(.state(number(of: state), Finishing(call)))
      }
    }
    guard streams.count <= Self.maximumStreams else {
      throw Fault(
        "unsupported_aggregate", .validation,
        "There are \(streams.count) measures that need all values of a group; "
          + "at most \(Self.maximumStreams) work at once")
    }
    guard aggregate.sets.count <= Aggregate.mostGroupingSets else {
      throw Fault(
        "too_many_grouping_sets", .validation,
        "There are \(aggregate.sets.count) grouping sets; at most \(Aggregate.mostGroupingSets) work at once")
    }
    self.aggregate = aggregate
    self.states = states
    self.streams = streams
    self.results = results
    keyTypes = aggregate.keys.map(\.expression.type)
    let description =
      "\(keyTypes.map(\.sqlName)) \(aggregate.sets) \(states.map { "\($0.kind)" }) "
      + "\(streams.map { "\($0.layout) \($0.isDistinct) \($0.skipsNulls)" })"
    layout = PartialBlock.fingerprint(description)
  }

  /// The stream that a stored value is of, by the byte that stands behind its group's key.
  /// - Throws: `Fault` `damaged_block`.
  func stream(markedBy mark: UInt8) throws(Fault) -> Int {
    guard streams.indices.contains(Int(mark) - 1) else { throw ByteReader.damaged("a value is of no call") }
    return Int(mark) - 1
  }

  private static func countingKind(
    of argument: TypedExpression, filter: TypedExpression?, among calls: [AggregateCall]
  ) -> StateKind {
    let type = argument.type.base
    let isSummed = calls.contains {
      ($0.function == .sum || $0.function == .avg) && !$0.isDistinct && $0.arguments == [argument]
        && $0.filter == filter && (type.isInteger || type.isNumeric)
    }
    return isSummed ? .numericSums(type) : .count
  }
}

extension AggregateCall {
  /// The call without places in the text.
  fileprivate var shape: AggregateCall {
    AggregateCall(
      function: function, arguments: arguments.map(\.shape), isDistinct: isDistinct,
      order: order.map {
        Ordering(
          expression: $0.expression.shape, isDescending: $0.isDescending, nullsFirst: $0.nullsFirst)
      }, constants: constants, filter: filter?.shape, type: type)
  }
}

extension Finishing {
  init(_ call: AggregateCall) {
    self.init(function: call.function, fraction: call.fraction)
  }
}

extension AggregateCall {
  /// The constant of a percentile, in 0...1; zero for calls without one.
  var fraction: Double {
    switch constants.first {
    case .double(let value)?: value
    case .numeric(let value)?: Double(value.description) ?? 0
    case .integer(let value)?: Double(value)
    default: 0
    }
  }
}
