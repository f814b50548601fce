internal import Model

/// The operators of expressions with their overloads, as Postgres's `pg_operator` has them for
/// the types that expressions compute with. `||`, `LIKE` and enum equality have rules of their own.
package enum OperatorCatalogue {
  package static let binary: Set<String> = [
    "+", "-", "*", "/", "%", "^", "=", "<>", "<", ">", "<=", ">=", "||",
  ]

  package static let comparisons: [String: Function] = [
    "=": .equal, "<>": .notEqual, "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual,
  ]

  /// Overloads of a binary operator.
  package static func overloads(_ name: String) -> [Overload] {
    arithmetic[name] ?? comparisons[name].map(comparison) ?? []
  }

  /// Overloads of a prefix `+` or `-`.
  package static let negations: [Overload] =
    [.smallint, .integer, .bigint, .numeric, .real, .double, .interval].map { Overload(.negate, [$0], $0) }

  static let integers: [SQLType] = [.smallint, .integer, .bigint]
  static let floats: [SQLType] = [.real, .double]
  static let moments: [SQLType] = [.date, .timestamp, .timestamptz]

  /// Every pair of `types`, computed as the later of the two in their order.
  private static func mixed(
    _ function: Function, _ types: [SQLType], result: (SQLType) -> SQLType
  ) -> [Overload] {
    types.indices.flatMap { left in
      types.indices.map { right in
        let wider = types[max(left, right)]
        return Overload(function, [types[left], types[right]], result(wider), computed: [wider, wider])
      }
    }
  }

  private static func numbers(_ function: Function) -> [Overload] {
    mixed(function, integers) { $0 } + mixed(function, floats) { $0 }
      + [Overload(function, [.numeric, .numeric], .numeric)]
  }

  private static let arithmetic: [String: [Overload]] = [
    "+": numbers(.add) + [
      Overload(.add, [.date, .integer], .date),
      Overload(.add, [.integer, .date], .date),
      Overload(.add, [.date, .interval], .timestamp),
      Overload(.add, [.timestamp, .interval], .timestamp),
      Overload(.add, [.timestamptz, .interval], .timestamptz),
      Overload(.add, [.interval, .date], .timestamp),
      Overload(.add, [.interval, .timestamp], .timestamp),
      Overload(.add, [.interval, .timestamptz], .timestamptz),
      Overload(.add, [.interval, .interval], .interval),
    ],
    "-": numbers(.subtract) + [
      Overload(.subtract, [.date, .date], .integer),
      Overload(.subtract, [.date, .integer], .date),
      Overload(.subtract, [.date, .interval], .timestamp),
      Overload(.subtract, [.timestamp, .timestamp], .interval),
      Overload(.subtract, [.timestamptz, .timestamptz], .interval),
      Overload(.subtract, [.timestamp, .interval], .timestamp),
      Overload(.subtract, [.timestamptz, .interval], .timestamptz),
      Overload(.subtract, [.interval, .interval], .interval),
    ],
    "*": numbers(.multiply) + [
      Overload(.multiply, [.interval, .double], .interval),
      Overload(.multiply, [.double, .interval], .interval),
    ],
    "/": numbers(.divide) + [Overload(.divide, [.interval, .double], .interval)],
    "%": [.smallint, .integer, .bigint, .numeric].map { Overload(.modulo, [$0, $0], $0) },
    "^": [.double, .numeric].map { Overload(.power, [$0, $0], $0) },
  ]

  private static func comparison(_ function: Function) -> [Overload] {
    let boolean: (SQLType) -> SQLType = { _ in .boolean }
    let same: [SQLType] = [.boolean, .numeric, .text, .char(nil), .interval, .uuid]
    return mixed(function, integers, result: boolean) + mixed(function, floats, result: boolean)
      // Not cast: a date that no timestamp reaches is still before or after each.
      + moments.flatMap { left in moments.map { Overload(function, [left, $0], .boolean) } }
      + mixed(function, [.name, .text], result: boolean)
      .filter { $0.operands != [.text, .text] }
      + same.map { Overload(function, [$0, $0], .boolean) }
  }
}
