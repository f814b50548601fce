import Compute
import Model

@testable import Formats

/// Batches of given values, and the files made of them.
enum FileSamples {
  static func file(
    _ format: FileSinkRule.FileFormat, _ schema: [ColumnSchema], _ rows: [[Value]]
  ) throws -> String {
    let columns = schema.map { Column($0.type) }
    for row in rows { for (column, value) in zip(columns, row) { column.append(value) } }
    let encoder = FileEncoder(format, schema: schema)
    var bytes = encoder.header
    var file: [UInt8] = []
    try encoder.append(Batch(schema: schema, columns: columns), to: &bytes) {
      file += $0
      $0 = []
    }
    return String(decoding: file + bytes, as: UTF8.self)
  }

  /// The one value as a file writes it, without header and line break.
  static func field(_ format: FileSinkRule.FileFormat, _ type: SQLType, _ value: Value) throws -> String {
    let text = try file(format, [ColumnSchema(name: "x", type: type)], [[value]])
    return String(format == .csv ? text.dropFirst(2).dropLast() : text.dropFirst(5).dropLast(2))
  }

  static func decimal(_ text: String) -> Value {
    do { return .numeric(try Decimal(parsing: text)) } catch { return .null }
  }

  private static let integers = SQLType.opaque(oid: 1007, name: "integer[]")

  /// The binary form of an array.
  private static func array(
    _ element: UInt32, _ dimensions: [UInt32], _ elements: [[UInt8]?], from lowerBound: UInt32 = 1
  ) -> [UInt8] {
    func word(_ number: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
    return word(UInt32(dimensions.count)) + word(elements.contains { $0 == nil } ? 1 : 0) + word(element)
      + dimensions.flatMap { word($0) + word(lowerBound) }
      + elements.flatMap { $0.map { word(UInt32($0.count)) + $0 } ?? word(.max) }
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String { Value.bytes(bytes).postgresText ?? "" }

  /// Type, value, and how CSV and JSON Lines write it.
  static let values: [(type: SQLType, value: Value, csv: String, json: String)] = [
    (.boolean, .boolean(true), "true", "true"), (.boolean, .boolean(false), "false", "false"),
    (.smallint, .integer(-32768), "-32768", "-32768"), (.integer, .integer(0), "0", "0"),
    (.bigint, .integer(.min), "-9223372036854775808", "-9223372036854775808"),
    (.numeric, decimal("1.10"), "1.10", "1.10"), (.numeric, decimal("-0.00"), "0.00", "0.00"),
    (
      .numeric, decimal("123456789012345678901234567890.5"), "123456789012345678901234567890.5",
      "123456789012345678901234567890.5"
    ),
    (.numeric, decimal("NaN"), "NaN", "\"NaN\""),
    (.numeric, decimal("-Infinity"), "-Infinity", "\"-Infinity\""),
    (.double, .double(0.1), "0.1", "0.1"), (.double, .double(1e300), "1e+300", "1e+300"),
    (.double, .double(.nan), "NaN", "\"NaN\""), (.double, .double(.infinity), "Infinity", "\"Infinity\""),
    (.double, .double(-0.0), "-0", "-0"), (.real, .double(Double(Float(0.1))), "0.1", "0.1"),
    (.text, .text(""), "\"\"", "\"\""), (.text, .text("plain"), "plain", "\"plain\""),
    (.text, .text("a,b"), "\"a,b\"", "\"a,b\""),
    (.text, .text("say \"x\""), "\"say \"\"x\"\"\"", "\"say \\\"x\\\"\""),
    (.text, .text("a\nb"), "\"a\nb\"", "\"a\\nb\""), (.text, .text("a\rb"), "\"a\rb\"", "\"a\\rb\""),
    (.text, .text("\u{1F30A} é \\"), "\u{1F30A} é \\", "\"\u{1F30A} é \\\\\""),
    (.text, .text(" blank "), " blank ", "\" blank \""),
    (.text, .text("tab\tä\u{1}"), "tab\tä\u{1}", "\"tab\\tä\\u0001\""),
    (.varchar(3), .text("abc"), "abc", "\"abc\""), (.name, .text("n"), "n", "\"n\""),
    (.enumeration(name: "mood"), .text("ok"), "ok", "\"ok\""),
    (.date, .date(9569), "2026-03-14", "\"2026-03-14\""), (.date, .date(.max), "infinity", "\"infinity\""),
    (.timestamp, .timestamp(826_765_200_000_000), "2026-03-14 01:00:00", "\"2026-03-14T01:00:00\""),
    (
      .timestamptz, .timestamptz(826_765_200_123_000), "2026-03-14 01:00:00.123+00",
      "\"2026-03-14T01:00:00.123+00:00\""
    ),
    (
      .timestamptz, .timestamptz(-64_464_463_503_500_000), "0044-03-15 12:34:56.5+00 BC",
      "\"0044-03-15T12:34:56.5+00:00 BC\""
    ),
    (
      .timestamp, .timestamp(-64_464_463_503_500_000), "0044-03-15 12:34:56.5 BC",
      "\"0044-03-15T12:34:56.5 BC\""
    ),
    (.opaque(oid: 25, name: "text"), .bytes(Array("ä".utf8)), "ä", "\"ä\""),
    (.timestamptz, .timestamptz(.min), "-infinity", "\"-infinity\""),
    (
      .interval, .interval(CalendarInterval(months: 14, days: 3, microseconds: 1_000_000)),
      "1 year 2 mons 3 days 00:00:01", "\"1 year 2 mons 3 days 00:00:01\""
    ),
    (.uuid, .uuid(1), "00000000-0000-0000-0000-000000000001", "\"00000000-0000-0000-0000-000000000001\""),
    (.bytea, .bytes([0, 0xFF]), "\\x00ff", "\"\\\\x00ff\""),
    (.jsonb, .text("{\"a\": [1, null]}"), "\"{\"\"a\"\": [1, null]}\"", "{\"a\": [1, null]}"),
    (
      integers, .bytes(array(23, [4], [[0, 0, 0, 1], nil, [255, 255, 255, 255], [0, 0, 0, 0]])),
      "\"{1,NULL,-1,0}\"", "[1,null,-1,0]"
    ),
    (integers, .bytes(array(23, [], [])), "{}", "[]"),
    (integers, .bytes(array(23, [2, 1], [[0, 0, 0, 1], [0, 0, 0, 2]])), "\"{{1},{2}}\"", "[[1],[2]]"),
    (
      integers, .bytes(array(23, [2, 1, 2], (1...4).map { [0, 0, 0, $0] })), "\"{{{1,2}},{{3,4}}}\"",
      "[[[1,2]],[[3,4]]]"
    ),
    (integers, .bytes(array(23, [1], [[0, 0, 0, 5]], from: 0)), "[0:0]={5}", "[5]"),
    (.opaque(oid: 1000, name: "boolean[]"), .bytes(array(16, [2], [[1], [0]])), "\"{t,f}\"", "[true,false]"),
    (
      .opaque(oid: 1022, name: "double precision[]"),
      .bytes(
        array(701, [2], [[0x7F, 0xF8, 0, 0, 0, 0, 0, 0], [0x3F, 0xB9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A]])),
      "\"{NaN,0.1}\"", "[\"NaN\",0.1]"
    ),
    (
      .opaque(oid: 1009, name: "text[]"),
      .bytes(array(25, [7], ["a", "", "null", "b c", "{\"\\", "x,y", "ü"].map { Array($0.utf8) })),
      #""{a,"""",""null"",""b c"",""{\""\\"",""x,y"",ü}""#, #"["a","","null","b c","{\"\\","x,y","ü"]"#
    ),
    // Of a database's own type, cut off, too long: as the bytes that they are.
    (
      integers, .bytes(array(99_999, [1], [[65]])), hexadecimal(array(99_999, [1], [[65]])),
      "\"\\\(hexadecimal(array(99_999, [1], [[65]])))\""
    ),
    (
      integers, .bytes(array(23, [2], [[0, 0, 0, 1]])), hexadecimal(array(23, [2], [[0, 0, 0, 1]])),
      "\"\\\(hexadecimal(array(23, [2], [[0, 0, 0, 1]])))\""
    ),
    (
      integers, .bytes(array(23, [1], [[0, 0, 0, 1]]) + [0]),
      hexadecimal(array(23, [1], [[0, 0, 0, 1]]) + [0]),
      "\"\\\(hexadecimal(array(23, [1], [[0, 0, 0, 1]]) + [0]))\""
    ),
    (.json, .text("{\n\"a\":\r\n1}"), "\"{\n\"\"a\"\":\r\n1}\"", "{ \"a\":  1}"),
  ]
}
