import Model
import Seeds

/// The columns that generated expressions are over, and the values that are put into them: every type that is
/// computed with, and some that are only carried.
enum SampleColumns {
  struct SampleColumn: Sendable {
    var name: String
    /// As `CREATE TABLE` has it.
    var declaration: String
    var type: SQLType
    /// What slots it may fill.
    var kinds: [String]
  }

  static let columns: [SampleColumn] = [
    pair("b", "boolean", .boolean), pair("s", "smallint", .smallint, ["smallint", "year", "month", "day"]),
    pair("i", "integer", .integer, ["integer", "year"]), pair("l", "bigint", .bigint),
    pair("n", "numeric", .numeric),
    pair("p", "numeric(12,2)", .numeric(.init(precision: 12, scale: 2)), ["money"]),
    [
      SampleColumn(
        name: "q", declaration: "numeric(8,4)", type: .numeric(.init(precision: 8, scale: 4)),
        kinds: ["narrow", "exponent", "numeric"])
    ],
    [
      SampleColumn(
        name: "w", declaration: "numeric(4,2)", type: .numeric(.init(precision: 4, scale: 2)),
        kinds: ["narrow", "rate"])
    ],
    pair("r", "real", .real), pair("f", "double precision", .double, ["double"]),
    pair("t", "text", .text, ["text", "like"]), pair("v", "varchar(20)", .varchar(20), ["varchar"]),
    pair("c", "char(6)", .char(6), ["char"]), pair("nm", "name", .name),
    pair("mood", "mood", .enumeration(name: "mood")), pair("d", "date", .date),
    pair("ts", "timestamp", .timestamp), pair("tz", "timestamptz", .timestamptz),
    // Postgres 15 lets the difference of times wrap around, and takes infinite ones in age() for numbers.
    pair("near", "timestamp", .timestamp, ["near"]),
    pair("nearz", "timestamptz", .timestamptz, ["nearzone"]),
    pair("iv", "interval", .interval), pair("k", "uuid", .uuid),
    [
      SampleColumn(name: "bytes", declaration: "bytea", type: .bytea, kinds: ["carried"]),
      SampleColumn(name: "js", declaration: "jsonb", type: .jsonb, kinds: ["carried"]),
      SampleColumn(
        name: "list", declaration: "integer[]", type: .opaque(oid: 1007, name: "integer[]"),
        kinds: ["carried"]),
    ],
  ].flatMap { $0 }

  static let schema = columns.map { ColumnSchema(name: $0.name, type: $0.type) }

  /// The kinds that have columns of their own type, and so take comparisons, CASE and the like.
  static let kinds = [
    "boolean", "smallint", "integer", "bigint", "numeric", "real", "double", "text", "varchar", "char",
    "name",
    "mood", "date", "timestamp", "timestamptz", "interval", "uuid", "carried",
  ]

  static func typeName(_ kind: String) -> String {
    switch kind {
    case "double": "double precision"
    case "varchar": "varchar(20)"
    case "char": "char(6)"
    default: kind
    }
  }

  static let namesByKind = names(columns.map { ($0.name, $0.kinds) })

  /// The names of columns by each kind of slot that they may fill.
  static func names(_ columns: [(name: String, kinds: [String])]) -> [String: [String]] {
    var names: [String: [String]] = [:]
    for column in columns { for kind in column.kinds { names[kind, default: []].append(column.name) } }
    return names
  }

  private static func pair(
    _ name: String, _ declaration: String, _ type: SQLType, _ kinds: [String]? = nil
  ) -> [SampleColumn] {
    ["", "2"].map {
      SampleColumn(name: name + $0, declaration: declaration, type: type, kinds: kinds ?? [declaration])
    }
  }

  /// The statements that make the empty table `sample`.
  static let definition = """
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'Äußerst');
    CREATE TABLE sample (id integer PRIMARY KEY, \(columns.map { "\($0.name) \($0.declaration)" }.joined(separator: ", ")))
    """

  /// One row's values in the columns' order: texts that the type reads, `nil` for NULL.
  static func row(_ numbers: inout SeededNumbers) -> [String?] {
    let nullShare = numbers.pick([4, 8, 8, 16, 1_000])
    return columns.map { column in
      numbers.oneIn(nullShare)
        ? nil
        : SampleValues.value(
          column.kinds[0].hasPrefix("near") ? column.kinds[0] : column.declaration, &numbers)
    }
  }
}
