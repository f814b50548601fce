import Compute
import Model
import Testing

@Suite struct TextCopyTests {
  static let schema = [
    ColumnSchema(name: "flag", type: .boolean), ColumnSchema(name: "small", type: .smallint),
    ColumnSchema(name: "count", type: .integer), ColumnSchema(name: "big", type: .bigint),
    ColumnSchema(name: "amount", type: .numeric), ColumnSchema(name: "name", type: .text),
    ColumnSchema(name: "code", type: .char(4)), ColumnSchema(name: "mood", type: .enumeration(name: "mood")),
    ColumnSchema(name: "day", type: .date), ColumnSchema(name: "document", type: .json),
  ]

  /// Rows as the server writes them, and what they decode to.
  static func rows() throws -> [(line: String, values: [Value])] {
    let long = String(repeating: "é", count: 200_000)
    return [
      (
        [
          "t", "-2", "-2147483648", "9223372036854775807", "-12345.67", "", "ab  ", "glad", "1999-12-31",
          #"{"a": "\\n\tb"}"#,
        ].joined(separator: "\t"),
        [
          .boolean(true), .integer(-2), .integer(Int64(Int32.min)), .integer(.max),
          .numeric(try Decimal(parsing: "-12345.67")), .text(""), .text("ab  "), .text("glad"), .date(-1),
          .text("{\"a\": \"\\n\tb\"}"),
        ]
      ),
      (
        Array(repeating: #"\N"#, count: schema.count).joined(separator: "\t"),
        Array(repeating: .null, count: schema.count)
      ),
      (
        "f\t32767\t0\t-9223372036854775808\tNaN\t\(long)\täöü€\t\\\\N\tinfinity\tnull",
        [
          .boolean(false), .integer(32_767), .integer(0), .integer(.min), .numeric(.notANumber), .text(long),
          .text("äöü€"), .text("\\N"), .date(.max), .text("null"),
        ]
      ),
      (
        ["f", "0", "-7", "12", "-Infinity", #"\b\t\n\v\f\r\\"#, "    ", "-", "0044-03-15 BC", "[]"].joined(
          separator: "\t"),
        [
          .boolean(false), .integer(0), .integer(-7), .integer(12), .numeric(.negativeInfinity),
          .text("\u{8}\t\n\u{B}\u{C}\r\\"), .text("    "), .text("-"),
          .date(try DateValue(CivilDate(year: -43, month: 3, day: 15)).days), .text("[]"),
        ]
      ),
    ]
  }

  static func decoded(_ text: String, _ schema: [ColumnSchema], piece: Int = .max) throws -> [[Value]] {
    try decodedRows(Array(text.utf8), schema, format: .text, piece: piece)
  }

  @Test(arguments: [1, 2, 7, 1_000, 65_536, Int.max]) func decodesEveryTypeHoweverItIsCut(
    _ piece: Int
  ) throws {
    var rows = try Self.rows()
    // Long text byte by byte would take long and show nothing new.
    if piece < 1_000 { rows.remove(at: 2) }
    let stream = rows.map { $0.line + "\n" }.joined()
    #expect(try Self.decoded(stream, Self.schema, piece: piece) == rows.map(\.values))
  }

  /// Every length of number, sign and scale, near the beginning and the end of the bytes and in the middle.
  @Test(arguments: 0...9) func decodesNumbersOfEveryLength(_ scale: Int) throws {
    let schema = [ColumnSchema(name: "n", type: .numeric), ColumnSchema(name: "t", type: .text)]
    var texts: [String] = []
    for length in 1...25 {
      for sign in ["", "-"] {
        let whole = String("9876543210987654321098765".prefix(length))
        let decimals = String("1029384756".prefix(scale))
        texts.append(sign + whole + (scale > 0 ? "." + decimals : ""))
      }
    }
    let expected = try texts.map { [Value.numeric(try Decimal(parsing: $0)), .text("x")] }
    for (text, value) in zip(texts, expected) {
      #expect(try Self.decoded("\(text)\tx\n", schema) == [value])
      // Behind a number of the same scale, which settles the column's, and behind one of another.
      for other in ["1" + (scale > 0 ? "." + String(repeating: "5", count: scale) : ""), "7.25", "8"] {
        let first = [Value.numeric(try Decimal(parsing: other)), .text("filling up")]
        let rows = try Self.decoded("\(other)\tfilling up\n\(text)\tx\n\(other)\tfilling up\n", schema)
        #expect(rows == [first, value, first], "\(other) \(text)")
      }
    }
    let stream = texts.map { "\($0)\tx\n" }.joined()
    #expect(try Self.decoded(stream, schema) == expected)
  }

  @Test func decodesIntegersUpToTheirLimits() throws {
    for type in [SQLType.smallint, .integer, .bigint] {
      let limit: Int64 = type == .smallint ? 32_767 : type == .integer ? 2_147_483_647 : .max
      let schema = [ColumnSchema(name: "a", type: .text), ColumnSchema(name: "n", type: type)]
      var numbers: [Int64] = [0, 1, -1, limit, -limit, -limit - 1]
      var power: Int64 = 1
      while power <= limit / 10 {
        power *= 10
        numbers += [power, -power, power - 1]
      }
      for before in ["", "something in front of it"] {
        let stream = numbers.map { "\(before)\t\($0)\n" }.joined()
        #expect(try Self.decoded(stream, schema) == numbers.map { [.text(before), .integer($0)] })
        for beyond in [String(UInt64(limit) + 1), "-\(UInt64(limit) + 2)", "99999999999999999999"] {
          #expect(throws: Fault.self) { _ = try Self.decoded("\(before)\t\(beyond)\n", schema) }
        }
      }
    }
  }

  @Test func decodesEveryDayOfCenturies() throws {
    let schema = [ColumnSchema(name: "a", type: .text), ColumnSchema(name: "d", type: .date)]
    let first = try DateValue(CivilDate(year: 1, month: 1, day: 1)).days
    let days = Array(stride(from: first, through: first + 300_000, by: 97)) + Array(-800...800)
    let stream = days.map { "a date:\t\(Value.date($0).postgresText ?? "")\n" }.joined()
    #expect(try Self.decoded(stream, schema) == days.map { [.text("a date:"), .date($0)] })
  }

  /// A date may come as its days from 2000-01-01, first or last in its row.
  @Test func decodesDatesByTheirDays() throws {
    let schema = [ColumnSchema(name: "d", type: .date), ColumnSchema(name: "e", type: .date)]
    let days: [Int32] = [0, 1, -1, 10, 9_862, -1_000_000, -2_451_545, 2_145_031_948, .max, .min]
    let stream = days.map { "\($0)\t\($0)\n" }.joined()
    #expect(try Self.decoded(stream, schema) == days.map { [.date($0), .date($0)] })
    for number in [
      "-2451546", "2145031949", "2147483646", "2147483648", "-2147483649", "99999999999999999999",
    ] {
      for row in ["\(number)\t1\n", "a date in front of it\t\(number)\n"] {
        let schema = row.hasPrefix("a") ? [ColumnSchema(name: "t", type: .text), schema[1]] : schema
        #expect(throws: Fault.self) { _ = try Self.decoded(row, schema) }
      }
    }
  }

  /// Text of every length beside every other, and rows of many fields.
  @Test func decodesFieldsOfEveryLengthAndNumber() throws {
    let schema = (0..<3).map { ColumnSchema(name: "c\($0)", type: .text) }
    let lengths = Array(0...70) + [8_120, 8_190, 8_191, 8_192, 8_193, 16_383, 16_384, 40_000]
    let texts = lengths.map {
      String(repeating: "\u{19}ä", count: $0 / 3) + String(repeating: "x", count: $0 % 3)
    }
    for shift in 0..<3 {
      let rows = texts.indices.map { row in
        (0..<3).map { texts[(row * (shift + 1) + $0 * shift) % texts.count] }
      }
      let stream = rows.map { $0.joined(separator: "\t") + "\n" }.joined()
      #expect(try Self.decoded(stream, schema) == rows.map { $0.map { .text($0) } })
    }
    let many = (0..<3_000).map { ColumnSchema(name: "c\($0)", type: .integer) }
    let row = many.indices.map { $0 % 7 == 0 ? "" : "\($0)" }.map { $0.isEmpty ? "\\N" : $0 }
    #expect(
      try Self.decoded(String(repeating: row.joined(separator: "\t") + "\n", count: 3), many)
        == Array(repeating: many.indices.map { $0 % 7 == 0 ? .null : .integer(Int64($0)) }, count: 3))
  }

  /// Text of every length with each special letter at every position.
  @Test func findsWhatIsEscapedAnywhere() throws {
    let schema = [ColumnSchema(name: "t", type: .text), ColumnSchema(name: "u", type: .varchar(40))]
    let letters: [(String, String)] = [
      ("\t", #"\t"#), ("\n", #"\n"#), ("\\", #"\\"#), ("\u{1}", "\u{1}"), ("é", "é"), ("\u{7F}", "\u{7F}"),
    ]
    for length in 0..<40 {
      let plain = String("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr".prefix(length))
      #expect(try Self.decoded("\(plain)\t\(plain)\n", schema) == [[.text(plain), .text(plain)]])
      for position in 0...length {
        let (front, back) = (String(plain.prefix(position)), String(plain.dropFirst(position)))
        for (letter, escaped) in letters {
          let value = Value.text(front + letter + back)
          let field = front + escaped + back
          #expect(
            try Self.decoded("\(field)\t\(plain)\n\(plain)\t\(field)\n", schema)
              == [[value, .text(plain)], [.text(plain), value]])
        }
      }
    }
  }

  @Test func fillsBatchAfterBatch() throws {
    let schema = [ColumnSchema(name: "n", type: .integer), ColumnSchema(name: "t", type: .text)]
    let stream = (0..<5_000).map { "\($0 % 7 == 0 ? "\\N" : "\($0)")\trow \($0)\n" }.joined()
    for piece in [33, 50_000, .max] {
      let rows = try Self.decoded(stream, schema, piece: piece)
      #expect(rows.count == 5_000)
      for (number, row) in rows.enumerated() {
        #expect(row == [number % 7 == 0 ? .null : .integer(Int64(number)), .text("row \(number)")])
      }
    }
  }

  static let malformed: [(String, SQLType, [UInt8])] = [
    ("no boolean", .boolean, Array("yes".utf8)), ("no integer", .integer, Array("1x".utf8)),
    ("a lone sign", .integer, Array("-".utf8)), ("an empty integer", .bigint, []),
    ("an empty numeric", .numeric, []), ("a numeric of two points", .numeric, Array("1.2.3".utf8)),
    ("a lone point", .numeric, Array(".".utf8)), ("no numeric", .numeric, Array("12a".utf8)),
    ("text that is no UTF-8", .text, [0x61, 0xC3]), ("escaped text that is none", .text, [0x5C, 0x5C, 0xC3]),
    ("text that ends in a backslash", .text, [0x61, 0x5C]), ("no date", .date, Array("2026-13-01".utf8)),
    ("an empty date", .date, []), ("a type that comes in binary", .timestamp, Array("now".utf8)),
    ("a NULL with a tail", .text, Array(#"\Nx"#.utf8)),
  ]

  @Test(arguments: malformed) func refusesWhatIsNoValue(
    _ what: String, _ type: SQLType, _ bytes: [UInt8]
  ) throws {
    let schema = [
      ColumnSchema(name: "first", type: .text), ColumnSchema(name: "second", type: type),
      ColumnSchema(name: "third", type: .text),
    ]
    for filling in ["", "a long text in front of it and behind it"] {
      let stream = Array("\(filling)\t".utf8) + bytes + Array("\t\(filling)\n".utf8)
      let fault = #expect(throws: Fault.self, "\(what)") {
        _ = try decodedRows(stream, schema, format: .text, piece: stream.count)
      }
      #expect(["malformed_copy", "invalid_utf8"].contains(fault?.code), "\(what)")
    }
  }

  @Test func refusesAStreamThatIsNone() throws {
    let schema = [ColumnSchema(name: "a", type: .integer), ColumnSchema(name: "b", type: .integer)]
    for (code, text) in [
      ("malformed_copy", "1\n"), ("malformed_copy", "1\t2\t3\n"), ("malformed_copy", "\n"),
      ("truncated_copy", "1\t2\n3\t4"), ("truncated_copy", "1"),
    ] {
      let fault = #expect(throws: Fault.self) { _ = try Self.decoded(text, schema) }
      #expect(fault?.code == code, "\(text)")
    }
    #expect(throws: Fault.self) { _ = try Self.decoded("\n", []) }
  }

  @Test func survivesArbitraryBytes() throws {
    var rows = try Self.rows()
    rows.remove(at: 2)
    let sound = Array(rows.map { $0.line + "\n" }.joined().utf8)
    let outcomes = try outcomesOfDamage(to: sound, Self.schema, format: .text, header: [])
    #expect(outcomes.isSuperset(of: ["malformed_copy", "truncated_copy", "3 rows"]))
  }

  @Test func asksForTheCheaperForm() {
    func format(_ types: SQLType...) -> CopyFormat {
      CopyFormat(fetching: types.map { ColumnSchema(name: "c", type: $0) })
    }
    #expect(format(.numeric, .char(1)) == .text)
    #expect(format(.date, .numeric, .numeric) == .text)
    #expect(format() == .binary)
    #expect(format(.date) == .binary)
    #expect(format(.text) == .binary)
    #expect(format(.numeric, .timestamptz) == .binary)
    #expect(CopyFormat.text.options.text == "(FORMAT text)")
  }
}
