package import Model

/// A typed `aggregate:` block: inputs over the processed row, aggregate calls over the inputs,
/// outputs over group keys and calls.
package struct TypedAggregate: Hashable, Sendable {
  /// Group keys, typed over the processed columns.
  package var keys: [NamedTyped]
  /// Which keys each grouping set holds, as key numbers. One set of all keys where the job has
  /// no `grouping_sets`.
  package var sets: [[Int]]
  /// The distinct aggregate calls that measures and `having` use.
  package var calls: [AggregateCall]
  /// What a result row holds: keys first, in `keys`' order, then measures. Expressions are over
  /// the group row: columns `0..<keys.count` are the keys, then one column per call, then one
  /// column per entry of `groupings`.
  package var outputs: [NamedTyped]
  /// `grouping(...)` calls: the key numbers of each, as an integer column of the group row.
  package var groupings: [[Int]]
  /// Over the group row; groups for which it is not true are left out.
  package var having: TypedExpression?

  package struct NamedTyped: Hashable, Sendable {
    package var name: String
    package var expression: TypedExpression
    package var source: SourceText
    package var description: String?

    package init(
      name: String, expression: TypedExpression, source: SourceText, description: String? = nil
    ) {
      self.name = name
      self.expression = expression
      self.source = source
      self.description = description
    }
  }

  package init(
    keys: [NamedTyped], sets: [[Int]], calls: [AggregateCall], outputs: [NamedTyped],
    groupings: [[Int]], having: TypedExpression?
  ) {
    self.keys = keys
    self.sets = sets
    self.calls = calls
    self.outputs = outputs
    self.groupings = groupings
    self.having = having
  }
}

/// One aggregate function over the processed row.
package struct AggregateCall: Hashable, Sendable {
  package var function: AggregateFunction
  /// The aggregated expressions; empty for `count(*)`.
  package var arguments: [TypedExpression]
  package var isDistinct: Bool
  /// `ORDER BY` of ordered aggregates and of `WITHIN GROUP`.
  package var order: [Ordering]
  /// Constants: the fraction of a percentile, the `k` of `top_k`, the separator of `string_agg`.
  package var constants: [Value]
  package var filter: TypedExpression?
  /// The type of the finished value, as Postgres returns it.
  package var type: SQLType

  package struct Ordering: Hashable, Sendable {
    package var expression: TypedExpression
    package var isDescending: Bool
    package var nullsFirst: Bool

    package init(expression: TypedExpression, isDescending: Bool, nullsFirst: Bool) {
      self.expression = expression
      self.isDescending = isDescending
      self.nullsFirst = nullsFirst
    }
  }

  package init(
    function: AggregateFunction, arguments: [TypedExpression], isDistinct: Bool = false,
    order: [Ordering] = [], constants: [Value] = [], filter: TypedExpression? = nil, type: SQLType
  ) {
    self.function = function
    self.arguments = arguments
    self.isDistinct = isDistinct
    self.order = order
    self.constants = constants
    self.filter = filter
    self.type = type
  }
}

package enum AggregateFunction: String, Hashable, Sendable, CaseIterable {
  /// `count(*)` has no argument.
  case count, sum, avg, min, max
  case stddevPop = "stddev_pop"
  /// Also spelled `stddev`.
  case stddevSamp = "stddev_samp"
  case varPop = "var_pop"
  /// Also spelled `variance`.
  case varSamp = "var_samp"
  /// Also spelled `every`.
  case boolAnd = "bool_and"
  case boolOr = "bool_or"
  case first, last
  case stringAgg = "string_agg"
  case arrayAgg = "array_agg"
  case approxCountDistinct = "approx_count_distinct"
  case approxPercentile = "approx_percentile"
  case percentileCont = "percentile_cont"
  case percentileDisc = "percentile_disc"
  case mode
  case topK = "top_k"
}
