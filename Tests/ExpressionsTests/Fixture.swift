import CaseFiles
import Model

@testable import Expressions

/// The data files beside the tests, and the row that their expressions are over.
enum Fixture {
  /// Lines of a file that are neither empty nor comments, with their numbers.
  static func lines(_ name: String) throws -> [(number: Int, text: String)] {
    try Checkout.lines("fixtures/expressions/\(name)")
  }

  /// Both sides of `left => right`.
  static func cut(_ line: String) -> (String, String)? {
    let marker = Array(" => ".utf8)
    let bytes = Array(line.utf8)
    guard bytes.count >= marker.count else { return nil }
    for index in stride(from: bytes.count - marker.count, through: 0, by: -1)
    where bytes[index...].starts(with: marker) {
      return (
        String(decoding: bytes[..<index], as: UTF8.self),
        String(decoding: bytes[(index + marker.count)...], as: UTF8.self)
      )
    }
    return nil
  }

  /// The columns of `fixtures/expressions`.
  static let columns: [ColumnSchema] = [
    ColumnSchema(name: "b", type: .boolean),
    ColumnSchema(name: "s", type: .smallint),
    ColumnSchema(name: "i", type: .integer),
    ColumnSchema(name: "l", type: .bigint),
    ColumnSchema(name: "n", type: .numeric),
    ColumnSchema(name: "p", type: .numeric(.init(precision: 12, scale: 2))),
    ColumnSchema(name: "r", type: .real),
    ColumnSchema(name: "f", type: .double),
    ColumnSchema(name: "t", type: .text),
    ColumnSchema(name: "v", type: .varchar(20)),
    ColumnSchema(name: "c", type: .char(5)),
    ColumnSchema(name: "nm", type: .name),
    ColumnSchema(name: "mood", type: .enumeration(name: "shop_mood")),
    ColumnSchema(name: "d", type: .date),
    ColumnSchema(name: "ts", type: .timestamp),
    ColumnSchema(name: "tz", type: .timestamptz),
    ColumnSchema(name: "iv", type: .interval),
    ColumnSchema(name: "u", type: .uuid),
  ]

  /// Further ones, that Postgres's table of types does not have.
  static let more: [ColumnSchema] =
    columns + [
      ColumnSchema(name: "Mixed", type: .integer),
      ColumnSchema(name: "js", type: .jsonb),
      ColumnSchema(name: "odd", type: .text, isNondeterministic: true),
      ColumnSchema(name: "email", type: .text, isSensitive: true),
      ColumnSchema(name: "id", type: .bigint, isNullable: false),
    ]

  static let references = ReferenceScope([
    "params.min": .value(.integer(5), .integer),
    "interval.start": .value(.timestamptz(0), .timestamptz),
    "interval.start_date": .unavailable("the interval is not whole days"),
    "matrix.tenant": .value(.text("acme"), .text),
  ])
}
