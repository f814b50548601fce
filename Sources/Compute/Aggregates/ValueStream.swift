import Expressions
import Model

/// What a holistic aggregate needs of its rows: per group all its values in order, each with how often it came.
///
/// The values are never collected per group. They are records of their own, sorted behind their group's
/// states, that spill and merge as streams; a `StreamFinisher` reads each group's once, in order.
struct ValueStream: Hashable {
  let call: AggregateCall
  /// Ordering expressions, then the values; the value breaks ties.
  let layout: KeyLayout
  /// Which of the call's inputs (`inputs`) are in the layout's order.
  let inputs: [TypedExpression]
  /// How many of the layout's columns, at its front, only order.
  let orderCount: Int
  /// Rows whose value is NULL do not count.
  let skipsNulls: Bool
  /// Only the values matter, not how often each came.
  let isDistinct: Bool

  /// Nil for a call whose state has a fixed shape.
  /// - Throws: `Fault` `unsupported_aggregate`.
  init?(_ call: AggregateCall) throws(Fault) {
    var order = call.order
    var value = call.arguments.first
    /// `WITHIN GROUP (ORDER BY x)`: the ordering expression is the value, in its direction.
    var withinGroup: AggregateCall.Ordering?
    switch call.function {
    case .percentileCont, .percentileDisc, .mode:
      withinGroup = order.first
      value = withinGroup?.expression ?? value
      order = []
    case .stringAgg, .arrayAgg: break
    case .topK: order = []
    case .count, .sum, .avg, .stddevPop, .stddevSamp, .varPop, .varSamp:
      guard call.isDistinct else { return nil }
      order = []
    case .min, .max, .boolAnd, .boolOr, .first, .last, .approxCountDistinct, .approxPercentile: return nil
    }
    guard let value else { throw StateKind.unsupported(call) }
    self.call = call
    skipsNulls = call.function != .arrayAgg
    isDistinct = call.isDistinct
    if let withinGroup {
      layout = KeyLayout([
        KeyColumn(value.type, isDescending: withinGroup.isDescending, nullsFirst: withinGroup.nullsFirst)
      ])
      inputs = [value]
      orderCount = 0
      return
    }
    layout = KeyLayout(
      order.map {
        KeyColumn($0.expression.type, isDescending: $0.isDescending, nullsFirst: $0.nullsFirst)
      } + [KeyColumn(value.type)])
    inputs = order.map(\.expression) + [value]
    orderCount = order.count
  }
}
