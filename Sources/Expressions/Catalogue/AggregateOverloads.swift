internal import Model

/// Operand and result types of the aggregates of one operand, as `pg_proc` has them.
enum AggregateOverloads {
  static func of(_ function: AggregateFunction) -> [Overload] {
    switch function {
    case .sum:
      pairs([
        (.smallint, .bigint), (.integer, .bigint), (.bigint, .numeric), (.numeric, .numeric), (.real, .real),
        (.double, .double), (.interval, .interval),
      ])
    case .avg:
      pairs([
        (.smallint, .numeric), (.integer, .numeric), (.bigint, .numeric), (.numeric, .numeric),
        (.real, .double), (.double, .double), (.interval, .interval),
      ])
    case .min, .max:
      pairs(
        ([
          .smallint, .integer, .bigint, .numeric, .real, .double, .text, .char(nil), .date, .timestamp,
          .timestamptz, .interval,
        ] as [SQLType]).map { ($0, $0) })
    case .stddevPop, .stddevSamp, .varPop, .varSamp:
      pairs([
        (.smallint, .numeric), (.integer, .numeric), (.bigint, .numeric), (.numeric, .numeric),
        (.real, .double), (.double, .double),
      ])
    case .boolAnd, .boolOr: pairs([(.boolean, .boolean)])
    default: []
    }
  }

  /// The function of an `Overload` means nothing here: what is called is the aggregate.
  private static func pairs(_ types: [(SQLType, SQLType)]) -> [Overload] {
    types.map { Overload(.add, [$0.0], $0.1) }
  }

  /// `pg_type.oid` of the array of `type`; fixed in every Postgres.
  static func arrayOID(_ type: SQLType) -> UInt32? {
    switch type {
    case .boolean: 1000
    case .smallint: 1005
    case .integer: 1007
    case .bigint: 1016
    case .numeric: 1231
    case .real: 1021
    case .double: 1022
    case .text: 1009
    case .varchar: 1015
    case .char: 1014
    case .name: 1003
    case .date: 1182
    case .timestamp: 1115
    case .timestamptz: 1185
    case .interval: 1187
    case .uuid: 2951
    default: nil
    }
  }
}
