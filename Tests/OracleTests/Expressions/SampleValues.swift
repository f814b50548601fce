import Seeds

/// Values for the columns of `SampleColumns`: edges of each type more often than chance would have them.
enum SampleValues {
  /// A text that `type` reads.
  static func value(_ type: String, _ numbers: inout SeededNumbers) -> String {
    if !numbers.oneIn(3), let list = edges[type] { return numbers.pick(list) }
    return random(type, &numbers) ?? numbers.pick(edges[type] ?? ["0"])
  }

  /// Literals for an expression of `kind`, with their type where SQL would read another.
  static let literals: [String: [String]] = [
    "boolean": ["true", "false", "NULL::boolean"],
    "smallint": ["1::smallint", "'-32768'::smallint", "NULL::smallint"],
    "integer": ["0", "1", "-1", "2147483647", "100", "NULL::integer"],
    "bigint": ["30000000000", "9223372036854775807", "1::bigint", "NULL::bigint"],
    "numeric": [
      "0.0", "1.5", "-0.005", "1e20", "100.000", "'NaN'::numeric", "'-Infinity'::numeric", "NULL::numeric",
      "123456789012345678901234567890.5",
    ],
    "real": ["1.5::real", "'NaN'::real", "3e38::real", "NULL::real"],
    "double": ["1.5::float8", "'Infinity'::float8", "1e308::float8", "'-0'::float8", "NULL::float8"],
    "text": ["''", "'a'", "'-17'", "'Abc def'", "' x '", "'ß'", "NULL::text", "'2024-02-29'"],
    "varchar": ["'ab'::varchar(5)", "NULL::varchar"],
    "char": ["'ab'::char(4)", "'a '::char(2)", "NULL::char(6)"],
    "name": ["'a'::name"],
    "date": ["date '2024-02-29'", "date 'infinity'", "date '0044-03-15 BC'", "NULL::date"],
    "timestamp": ["timestamp '2024-03-31 02:30'", "timestamp '-infinity'", "NULL::timestamp"],
    "timestamptz": ["timestamptz '2024-10-27 00:30:00+00'", "timestamptz 'infinity'", "NULL::timestamptz"],
    "interval": [
      "interval '1 month'", "interval '-1 day 02:03:04.5'", "interval '30 days'", "NULL::interval",
    ],
    "uuid": ["uuid 'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
  ]

  private static func random(_ type: String, _ numbers: inout SeededNumbers) -> String? {
    let wide = Int64(bitPattern: numbers.next())
    switch type {
    case "smallint": return "\(Int16(truncatingIfNeeded: wide))"
    case "integer": return "\(Int32(truncatingIfNeeded: wide >> Int64(numbers.below(32))))"
    case "bigint": return "\(wide >> Int64(numbers.below(64)))"
    case "numeric": return decimal(1 + numbers.below(45), scale: numbers.below(30), &numbers)
    case "numeric(12,2)": return decimal(1 + numbers.below(12), scale: 2, &numbers)
    case "numeric(8,4)": return decimal(1 + numbers.below(8), scale: 4, &numbers)
    case "numeric(4,2)": return decimal(1 + numbers.below(4), scale: 2, &numbers)
    case "real": return "\(Float(wide) / Float(1 << (numbers.below(60))))"
    case "double precision": return "\(Double(wide) / Double(1 << numbers.below(62)))"
    case "text": return text(numbers.below(12), &numbers)
    case "varchar(20)": return text(numbers.below(20), &numbers)
    case "char(6)": return text(numbers.below(6), &numbers)
    case "date", "timestamp", "timestamptz": return moment(type, &numbers)
    case "near": return moment("timestamp", &numbers)
    case "nearzone": return moment("timestamptz", &numbers)
    case "interval": return interval(&numbers)
    default: return nil
    }
  }

  private static func decimal(_ digits: Int, scale: Int, _ numbers: inout SeededNumbers) -> String {
    var text = (0..<digits).map { _ in "\(numbers.below(10))" }.joined()
    if text.count <= scale { text = String(repeating: "0", count: scale + 1 - text.count) + text }
    if scale > 0 { text.insert(".", at: text.index(text.endIndex, offsetBy: -scale)) }
    return (numbers.oneIn(3) ? "-" : "") + text
  }

  private static let letters: [String] = [
    "a", "b", "A", "B", "z", " ", " ", "0", "7", "-", ".", ",", "%", "_", "\\", "'", "ä", "ß", "É", "日", "👍",
    "e\u{301}",
    "İ", "\t",
  ]

  private static func text(_ length: Int, _ numbers: inout SeededNumbers) -> String {
    (0..<length).map { _ in numbers.pick(letters) }.joined().unicodeScalars.prefix(length)
      .reduce(into: "") { $0.unicodeScalars.append($1) }
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  private static func moment(_ type: String, _ numbers: inout SeededNumbers) -> String {
    let year = numbers.oneIn(4) ? 1 + numbers.below(9999) : 1990 + numbers.below(50)
    let digits = "\(year)"
    let day =
      String(repeating: "0", count: 4 - digits.count)
      + "\(digits)-\(two(1 + numbers.below(12)))-\(two(1 + numbers.below(28)))"
    if type == "date" { return day }
    let time = "\(two(numbers.below(24))):\(two(numbers.below(60))):\(two(numbers.below(60)))"
    let fraction = numbers.oneIn(2) ? "" : ".\(numbers.below(1_000_000))"
    return "\(day) \(time)\(fraction)\(type == "timestamptz" ? "+00" : "")"
  }

  private static func interval(_ numbers: inout SeededNumbers) -> String {
    let sign = numbers.oneIn(3) ? "-" : ""
    return "\(numbers.below(50) - 20) mons \(numbers.below(80) - 30) days "
      + "\(sign)\(numbers.below(60)):\(two(numbers.below(60))):\(two(numbers.below(60))).\(numbers.below(1_000_000))"
  }

  private static let texts = [
    "", "a", "Abc def", "äöü ß", "日本語", "👍🏽 e\u{301}", " padded ", "NULL", "0", "-17", "3.14", "1e5", " 42 ",
    "2147483648",
    "9223372036854775807", "9223372036854775808", "NaN", "-Infinity", "1e400", "true", "f", "yes", "oN",
    "2024-02-29",
    "2023-02-29", "2024-02-29 12:34:56.789", "2024-03-31 02:30:00", "Feb 29 2024", "29.02.2024", "1 day",
    "1 mon -2 days",
    "P1Y2M3DT4H5M6S", "a%b_c", #"back\slash"#, "x,y,,z", "Zażółć", "İSTANBUL", "ﬀ ǆ", "a\tb\n", "0x1F",
    "1_000",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "infinity", String(repeating: "xy ", count: 100), "+5", "--5",
    "5e-324", "1e-400",
    "12:34", "allballs", "epoch", "happy",
  ]

  private static let edges: [String: [String]] = [
    "boolean": ["t", "f"],
    "smallint": ["0", "1", "-1", "2", "12", "32767", "-32768"],
    "integer": ["0", "1", "-1", "2", "2024", "100000", "2147483647", "-2147483648", "65536"],
    "bigint": [
      "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "2147483648", "1000000007", "4294967296",
    ],
    "numeric": [
      "0", "0.00", "1", "-1", "1.5", "2.5", "-2.5", "0.1", "1.10", "100", "NaN", "Infinity", "-Infinity",
      "1e30", "1e-30",
      "99999999999999999.99", "922337203685477580.7", "9223372036854775807",
      "170141183460469231731687303715884105727",
      "123456789012345678901234567890.123456789", "0.000000000000000000000000000000000001",
      "-0.00499999999999999999", "1e120", "3.333333333333333333",
      "1234567890123456789012345678901234567890.1", "1000000",
    ],
    "numeric(12,2)": ["0.00", "1.00", "-0.01", "9999999999.99", "-9999999999.99", "19.99", "NaN", "100.50"],
    "numeric(8,4)": ["0", "1", "-1", "0.0001", "9999.9999", "2.5000", "10", "NaN", "0.5"],
    "numeric(4,2)": ["0.00", "0.07", "0.10", "1.00", "-1.00", "99.99", "-99.99", "0.19"],
    "real": [
      "0", "-0", "1", "1.5", "2.5", "-0.5", "NaN", "Infinity", "-Infinity", "3.4028235e38", "1e-45",
      "16777217", "0.1",
    ],
    "double precision": [
      "0", "-0", "1", "0.5", "2.5", "-1.5", "NaN", "Infinity", "-Infinity", "1.7976931348623157e308",
      "5e-324", "1e15", "1e16",
      "123456789.123456789", "0.1", "-1e-5", "9007199254740993", "2147483647.5", "9223372036854775807",
      "1e-310", "3",
    ],
    "text": texts,
    "varchar(20)": texts.filter { $0.unicodeScalars.count <= 20 },
    "char(6)": texts.filter { $0.unicodeScalars.count <= 6 } + ["ab", "ab ", "a b"],
    // Under the collation C of this type Postgres changes the case of ASCII letters only.
    "name": ["a", "Abc", "", "happy", "0", "pg_class"],
    "mood": ["sad", "ok", "happy", "Äußerst"],
    "date": [
      "2024-02-29", "2023-03-31", "2000-01-01", "1999-12-31", "infinity", "-infinity", "0001-01-01",
      "0001-12-31 BC",
      "5874897-12-31", "4714-11-24 BC", "1970-01-01", "2024-12-30", "2021-01-03", "294276-12-31",
      "2100-02-28",
    ],
    "timestamp": [
      "2024-02-29 12:34:56.789012", "2024-03-31 02:30:00", "2024-10-27 02:30:00", "infinity", "-infinity",
      "294276-12-31 23:59:59.999999", "4714-11-24 00:00:00 BC", "2000-01-01 00:00:00",
      "1999-12-31 23:59:59.999999",
      "1970-01-01", "0001-01-01 00:00:00", "0044-03-15 12:00:00 BC", "2024-12-31 23:59:60",
      "1893-04-01 00:03:00",
    ],
    "timestamptz": [
      "2024-03-31 00:59:59.999999+00", "2024-03-31 01:00:00+00", "2024-10-27 00:30:00+00",
      "2024-10-27 01:30:00+00", "infinity",
      "-infinity", "294276-12-31 23:59:59.999999+00", "4714-11-24 00:00:00+00 BC", "2000-01-01 00:00:00+00",
      "1893-03-31 23:00:00+00", "2024-02-29 23:30:00-08", "0001-01-01 00:00:00+00", "2038-01-19 03:14:08+00",
      "1945-06-01 12:00+00",
    ],
    "near": [
      "2024-02-29 12:34:56.789012", "2024-03-31 02:30:00", "2024-10-27 02:30:00", "2000-01-01 00:00:00",
      "1999-12-31 23:59:59.999999", "0001-01-01 00:00:00", "4714-11-24 00:00:00 BC", "2023-01-31 00:00:00",
    ],
    "nearzone": [
      "2024-03-31 00:59:59.999999+00", "2024-03-31 01:00:00+00", "2024-10-27 00:30:00+00",
      "2024-10-27 01:30:00+00", "2023-01-30 23:00:00+00", "4714-11-24 00:00:00+00 BC",
    ],
    "interval": [
      "0", "1 mon", "-1 mon", "1 day", "24:00:00", "30 days", "-1 day 02:03:04.000005",
      "1 year 2 mons 3 days 04:05:06.789",
      "00:00:00.000001", "178000000 years", "-178000000 years", "2147483647 days", "1 mon -30 days",
      "2562047788:00:54.775807",
      "-00:00:01", "11 mons 29 days 23:59:59.999999", "100 years", "1.5 days",
    ],
    "uuid": [
      "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
      "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ],
    "bytea": [#"\x"#, #"\x00ff"#], "jsonb": ["null", #"{"a": [1, 2]}"#], "integer[]": ["{}", "{1,NULL,3}"],
  ]
}
