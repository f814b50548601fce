import Compute
import Model
import Testing

@Suite struct CopyDecoderTests {
  static let schema = [
    ColumnSchema(name: "flag", type: .boolean), ColumnSchema(name: "small", type: .smallint),
    ColumnSchema(name: "count", type: .integer), ColumnSchema(name: "big", type: .bigint),
    ColumnSchema(name: "amount", type: .numeric), ColumnSchema(name: "single", type: .real),
    ColumnSchema(name: "ratio", type: .double), ColumnSchema(name: "name", type: .text),
    ColumnSchema(name: "code", type: .char(4)), ColumnSchema(name: "mood", type: .enumeration(name: "mood")),
    ColumnSchema(name: "day", type: .date), ColumnSchema(name: "at", type: .timestamptz),
    ColumnSchema(name: "span", type: .interval), ColumnSchema(name: "id", type: .uuid),
    ColumnSchema(name: "raw", type: .bytea), ColumnSchema(name: "document", type: .jsonb),
    ColumnSchema(name: "list", type: .opaque(oid: 1007, name: "integer[]")),
  ]

  /// Rows with every type's ordinary and special values, and what they decode to.
  static func rows() throws -> [(fields: [[UInt8]?], values: [Value])] {
    let long = String(repeating: "é", count: 500_000)
    let interval = CopyStream.field(Int64(-5)) + CopyStream.field(Int32(2)) + CopyStream.field(Int32(-3))
    let id: UInt128 = 0x00112233_44556677_8899AABB_CCDDEEFF
    let ordinary: ([[UInt8]?], [Value]) = (
      [
        [1], CopyStream.field(Int16(-2)), CopyStream.field(Int32.min), CopyStream.field(Int64.max),
        try CopyStream.numeric("-12345.67"), CopyStream.field(Float(0.1).bitPattern),
        CopyStream.field((-0.0).bitPattern), [], CopyStream.text("ab  "), CopyStream.text("glad"),
        CopyStream.field(Int32(-1)), CopyStream.field(Int64.min), interval, CopyStream.field(id), [0, 255],
        [1] + CopyStream.text("{\"a\": 1}"), [0, 0, 0, 1],
      ],
      [
        .boolean(true), .integer(-2), .integer(Int64(Int32.min)), .integer(.max),
        .numeric(try Decimal(parsing: "-12345.67")), .double(Double(Float(0.1))), .double(-0.0), .text(""),
        .text("ab  "), .text("glad"), .date(-1), .timestamptz(.min),
        .interval(CalendarInterval(months: -3, days: 2, microseconds: -5)), .uuid(id), .bytes([0, 255]),
        .text("{\"a\": 1}"), .bytes([0, 0, 0, 1]),
      ]
    )
    let special: ([[UInt8]?], [Value]) = (
      [
        [0], CopyStream.field(Int16.max), CopyStream.field(Int32(0)), CopyStream.field(Int64(0)),
        try CopyStream.numeric("NaN"), CopyStream.field(Float.infinity.bitPattern),
        CopyStream.field((-Double.infinity).bitPattern), CopyStream.text(long), CopyStream.text("äöü€"),
        CopyStream.text(""), CopyStream.field(Int32.max), CopyStream.field(Int64.max),
        CopyStream.field(Int64(0)) + CopyStream.field(Int64(0)), CopyStream.field(UInt128.max), [],
        [1] + CopyStream.text("null"), [],
      ],
      [
        .boolean(false), .integer(32_767), .integer(0), .integer(0), .numeric(.notANumber),
        .double(.infinity),
        .double(-.infinity), .text(long), .text("äöü€"), .text(""), .date(.max), .timestamptz(.max),
        .interval(CalendarInterval()), .uuid(.max), .bytes([]), .text("null"), .bytes([]),
      ]
    )
    let nulls: ([[UInt8]?], [Value]) = (
      Array(repeating: nil, count: schema.count), Array(repeating: .null, count: schema.count)
    )
    return [ordinary, nulls, special, ordinary]
  }

  @Test(arguments: [1_000, 4_097, 65_536, Int.max]) func decodesEveryTypeHoweverItIsCut(_ piece: Int) throws {
    var stream = CopyStream()
    let rows = try Self.rows()
    for row in rows { stream.row(row.fields) }
    stream.end()
    let size = min(piece, stream.bytes.count)
    #expect(try decodedRows(stream.bytes, Self.schema, piece: size) == rows.map(\.values))
  }

  @Test func decodesAStreamByteByByte() throws {
    var stream = CopyStream()
    let row = try Self.rows()[0]
    for _ in 0..<3 { stream.row(row.fields) }
    stream.end()
    #expect(try decodedRows(stream.bytes, Self.schema, piece: 1) == Array(repeating: row.values, count: 3))
  }

  @Test func numericsOfEveryWidthShareAColumn() throws {
    let texts = [
      "0", "0.00", "1", "-1", "12.5", "0.0001", "99999999.99", "10000", "123456789012345678", "1e20",
      "92233720368547758.07", "92233720368547758.08", "-92233720368547758.08", "1e-20",
      "12345678901234567890123456789012345678", "99999999999999999999999999999999999999999999.5", "-Infinity",
      "0.10", "1e100",
    ]
    // Each number alone, and after all others, so that every widening happens from every state.
    for (index, text) in texts.enumerated() {
      let order = [text] + texts[index...] + texts[..<index]
      var stream = CopyStream()
      for number in order { stream.row([try CopyStream.numeric(number)]) }
      stream.end()
      let values = try decodedRows(
        stream.bytes, [ColumnSchema(name: "n", type: .numeric)], piece: stream.bytes.count)
      #expect(values == (try order.map { [.numeric(try Decimal(parsing: $0))] }))
    }
  }

  @Test func fillsBatchAfterBatch() throws {
    var stream = CopyStream()
    for number in 0..<5_000 {
      stream.row([number % 7 == 0 ? nil : CopyStream.field(Int32(number)), CopyStream.text("row \(number)")])
    }
    stream.end()
    let schema = [ColumnSchema(name: "n", type: .integer), ColumnSchema(name: "t", type: .text)]
    let rows = try decodedRows(stream.bytes, schema, piece: stream.bytes.count)
    #expect(rows.count == 5_000)
    for (number, row) in rows.enumerated() {
      #expect(row == [number % 7 == 0 ? .null : .integer(Int64(number)), .text("row \(number)")])
    }
  }

  static let malformed: [(String, SQLType, [UInt8])] = [
    ("a boolean of two bytes", .boolean, [1, 1]), ("an integer of three bytes", .integer, [0, 0, 1]),
    ("a numeric cut short", .numeric, [0, 1, 0, 0, 0, 0]),
    ("a numeric with a digit of 10000", .numeric, [0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10]),
    ("a numeric with an unknown sign", .numeric, [0, 0, 0, 0, 0x12, 0x34, 0, 0]),
    ("a numeric with more digits than bytes", .numeric, [0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1]),
    ("text that is no UTF-8", .text, [0x61, 0xC3]), ("an overlong form", .text, [0xC0, 0x80]),
    ("a surrogate", .text, [0xED, 0xA0, 0x80]), ("jsonb of another version", .jsonb, [2, 0x31]),
    ("jsonb without a version", .jsonb, []), ("an interval of 8 bytes", .interval, [0, 0, 0, 0, 0, 0, 0, 0]),
    ("a uuid of one byte", .uuid, [1]), ("a date of no bytes", .date, []),
    ("a date before 4714 BC", .date, CopyStream.field(Int32(-2_451_546))),
    ("a timestamp beyond 294276", .timestamptz, CopyStream.field(Int64(9_223_371_331_200_000_000))),
  ]

  @Test(arguments: malformed) func namesTheColumnOfMalformedBytes(
    _ what: String, _ type: SQLType, _ bytes: [UInt8]
  ) throws {
    var stream = CopyStream()
    stream.row([CopyStream.field(Int32(1)), bytes])
    stream.end()
    let schema = [ColumnSchema(name: "first", type: .integer), ColumnSchema(name: "second", type: type)]
    let fault = #expect(throws: Fault.self) {
      _ = try decodedRows(stream.bytes, schema, piece: stream.bytes.count)
    }
    #expect(fault?.sentence.contains("Column second") == true, "\(what): \(fault?.sentence ?? "")")
  }

  @Test func refusesAStreamThatIsNone() throws {
    let schema = [ColumnSchema(name: "n", type: .integer)]
    let cases: [(String, [UInt8])] = [
      ("malformed_copy", Array("SELECT 1 -- not a binary COPY".utf8)),
      ("malformed_copy", CopyStream().bytes + [0, 2, 0, 0, 0, 0, 0, 0, 0, 0]),
      ("malformed_copy", CopyStream().bytes + [0, 1, 0xFF, 0xFF, 0xFF, 0xFE]),
      ("malformed_copy", CopyStream().bytes + [0, 1, 0x7F, 0xFF, 0xFF, 0xFF, 1]),
      ("malformed_copy", CopyStream().bytes + [0xFF, 0xFF, 0]),
      ("truncated_copy", CopyStream().bytes + [0, 1, 0, 0, 0, 4, 1]), ("truncated_copy", CopyStream().bytes),
    ]
    for (code, bytes) in cases {
      let fault = #expect(throws: Fault.self) { _ = try decodedRows(bytes, schema, piece: bytes.count) }
      #expect(fault?.code == code, "\(bytes)")
    }
  }

  @Test func survivesArbitraryBytes() throws {
    var stream = CopyStream()
    for row in try Self.rows() where row.values[7] == .text("") || row.values[7] == .null {
      stream.row(row.fields)
    }
    stream.end()
    let outcomes = try outcomesOfDamage(
      to: stream.bytes, Self.schema, format: .binary, header: CopyStream().bytes)
    #expect(outcomes.isSuperset(of: ["malformed_copy", "truncated_copy", "3 rows"]))
  }
}
