import Compute
import Formats
import Model
import Testing

@Suite struct FileEncoderTests {
  private func encoded(
    _ format: FileSinkRule.FileFormat, _ columns: [(String, SQLType, [Value])]
  ) -> String {
    let schema = columns.map { ColumnSchema(name: $0.0, type: $0.1) }
    let batch = Batch(
      schema: schema,
      columns: columns.map { _, type, values in
        let column = Column(type)
        for value in values { column.append(value) }
        return column
      })
    let encoder = FileEncoder(format, schema: schema)
    var bytes = encoder.header
    encoder.append(batch, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func csvQuotesOnlyWhatNeedsIt() {
    let texts = ["plain", "a,b", "say \"hi\"", "two\nlines", "cr\r", "", " blank "]
    #expect(
      encoded(
        .csv,
        [
          ("a,b", .text, texts.map { .text($0) } + [.null]),
          ("n", .integer, Array(repeating: .integer(1), count: 8)),
        ])
          == """
          "a,b",n
          plain,1
          "a,b",1
          "say ""hi""\",1
          "two
          lines",1
          "cr\r",1
          "",1
           blank ,1
          ,1

          """)
  }

  private static let month = CalendarInterval(months: 14, days: 3, microseconds: 4_000_000)

  static let values: [(SQLType, Value, csv: String, json: String)] = [
    (.boolean, .boolean(true), "true", "true"),
    (.bigint, .integer(.min), "-9223372036854775808", "-9223372036854775808"),
    (.double, .double(0.1), "0.1", "0.1"), (.double, .double(.nan), "NaN", "\"NaN\""),
    (.double, .double(-.infinity), "-Infinity", "\"-Infinity\""),
    (.double, .double(1e300), "1e+300", "1e+300"),
    (.real, .double(Double(Float(0.1))), "0.1", "0.1"),
    (.date, .date(0), "2000-01-01", "\"2000-01-01\""),
    (.date, .date(.max), "infinity", "\"infinity\""),
    (.timestamp, .timestamp(1), "2000-01-01 00:00:00.000001", "\"2000-01-01T00:00:00.000001\""),
    (.timestamptz, .timestamptz(0), "2000-01-01 00:00:00+00", "\"2000-01-01T00:00:00+00:00\""),
    (.interval, .interval(month), "1 year 2 mons 3 days 00:00:04", "\"1 year 2 mons 3 days 00:00:04\""),
    (.uuid, .uuid(1), "00000000-0000-0000-0000-000000000001", "\"00000000-0000-0000-0000-000000000001\""),
    (.bytea, .bytes([0, 255]), "\\x00ff", "\"\\\\x00ff\""),
    (.text, .text("tab\tä\u{1}"), "tab\tä\u{1}", "\"tab\\tä\\u0001\""),
    (.json, .text("[1,\n2]"), "\"[1,\n2]\"", "[1, 2]"),
    (.text, .null, "", "null"),
  ]

  @Test func everyType() throws {
    for (type, value, csv, json) in Self.values {
      #expect(encoded(.csv, [("x", type, [value])]) == "x\n\(csv)\n", "\(type)")
      #expect(encoded(.jsonl, [("x", type, [value])]) == "{\"x\":\(json)}\n", "\(type)")
    }
    for text in ["1.10", "-123456789012345678901234567890.123456789012345678901234567890", "0.000"] {
      let value = Value.numeric(try Decimal(parsing: text))
      #expect(encoded(.jsonl, [("x", .numeric(nil), [value])]) == "{\"x\":\(text)}\n")
      #expect(encoded(.csv, [("x", .numeric(nil), [value])]) == "x\n\(text)\n")
    }
    #expect(encoded(.jsonl, [("x", .numeric(nil), [.numeric(.notANumber)])]) == "{\"x\":\"NaN\"}\n")
  }

  /// What the writer writes, the reader reads.
  @Test func textsComeBack() throws {
    let texts: [String?] = ["", nil, "a", "\"", "\"\"", ",", "\n", "\r\n", "a\"b,c\nd", "ü"]
    let csv = encoded(
      .csv,
      [
        ("x", .text, texts.map { $0.map { .text($0) } ?? .null }),
        ("y", .text, texts.reversed().map { $0.map { .text($0) } ?? .null }),
      ])
    var reader = try CSVReader(Array(csv.utf8), file: "x.csv")
    #expect(reader.header == ["x", "y"])
    for (x, y) in zip(texts, texts.reversed()) { #expect(try reader.next() == [x, y]) }
    #expect(try reader.next() == nil)
  }
}
