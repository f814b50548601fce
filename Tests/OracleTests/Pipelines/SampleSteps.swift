import Model

/// A cleaning operation as the job file has it, and what Postgres makes of a text `$` in its place.
struct SampleSanitizing: Sendable {
  var yaml: String
  var sql: String

  /// Unicode's White_Space, as an escape string and for use within brackets.
  private static let blanks = #"\t\n\x0B\f\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"#

  static let all: [SampleSanitizing] = [
    .init(yaml: "trim", sql: "regexp_replace($, '^[\(blanks)]+|[\(blanks)]+$', '', 'g')"),
    .init(yaml: "collapse_spaces", sql: "regexp_replace($, '[\(blanks)]+', ' ', 'g')"),
    .init(yaml: "strip_control", sql: #"regexp_replace($, '[\u0001-\u001F\u007F-\u009F]', '', 'g')"#),
    .init(yaml: "lower", sql: "lower($)"), .init(yaml: "upper", sql: "upper($)"),
    .init(yaml: "nfc", sql: "normalize($, NFC)"), .init(yaml: "null_if_empty", sql: "nullif($, '')"),
    .init(yaml: "{truncate: 3}", sql: "left($, 3)"), .init(yaml: "{truncate: 12}", sql: "left($, 12)"),
    .init(yaml: "{mask: 0}", sql: "masked($, 0)"), .init(yaml: "{mask: 4}", sql: "masked($, 4)"),
    redact(#"\d+"#), redact(#"[A-Za-z]+[^A-Za-z]"#), redact(#"(a|b)+c?"#), redact(#"^.{2}"#),
    redact(#"[[:space:]]{2,}"#),
    redact(#"ß|é|日"#),
  ]

  private static func redact(_ pattern: String) -> SampleSanitizing {
    .init(yaml: "{redact: '\(pattern)'}", sql: "regexp_replace($, '\(pattern)', '***', 'g')")
  }

  /// Letters and digits become stars, but for the last `keep`.
  static let function = #"""
    CREATE FUNCTION masked(value text, keep integer) RETURNS text STRICT LANGUAGE plpgsql AS $masked$
    DECLARE total integer := length(regexp_replace(value, '[^[:alnum:]]', '', 'g')); made text := ''; letter text;
    BEGIN
      FOREACH letter IN ARRAY CASE WHEN value = '' THEN '{}' ELSE regexp_split_to_array(value, '') END LOOP
        IF letter ~ '[[:alnum:]]' THEN
          made := made || CASE WHEN total > keep THEN '*' ELSE letter END;
          total := total - 1;
        ELSE
          made := made || letter;
        END IF;
      END LOOP;
      RETURN made;
    END $masked$
    """#
}

/// What `parse` reads a text as, and Postgres's cast.
struct SampleParsing: Sendable {
  var yaml: String
  /// Of the column `$`.
  var sql: String
  var kind: String
  /// Kinds of columns that it reads.
  var from = ["text", "varchar", "char"]

  static let all: [SampleParsing] = [
    .init(yaml: "as: integer", sql: "$::text::bigint", kind: "bigint"),
    .init(yaml: "as: numeric", sql: "$::text::numeric", kind: "numeric"),
    .init(yaml: "as: 'numeric(6,1)'", sql: "$::text::numeric(6,1)", kind: "numeric"),
    .init(yaml: "as: date", sql: "$::text::date", kind: "date"),
    .init(yaml: "as: timestamp", sql: "$::text::timestamp", kind: "timestamp"),
    .init(yaml: "as: timestamp, zone: Europe/Berlin", sql: "$::text::timestamptz", kind: "timestamptz"),
    .init(yaml: "as: boolean", sql: "$::text::boolean", kind: "boolean"),
    .init(yaml: "as: json, path: '$.a[0]'", sql: "$ #>> '{a,0}'", kind: "text", from: ["jsonb"]),
  ]
}

/// A table to look rows up in: its key columns `k0`, `k1`, and what it gives.
struct SampleLookup: Sendable {
  var table: String
  var keys: [(declaration: String, type: SQLType, kinds: [String])]

  /// What every one of them gives.
  static let payload: [(name: String, declaration: String, type: SQLType, kind: String)] = [
    ("p_text", "text", .text, "text"),
    ("p_number", "numeric(8,4)", .numeric(.init(precision: 8, scale: 4)), "numeric"),
    ("p_time", "timestamp", .timestamp, "timestamp"),
  ]

  static let all: [SampleLookup] = [
    one("bigint", .bigint, ["smallint", "integer", "bigint"]), one("text", .text, ["text", "varchar"]),
    one("numeric", .numeric, ["numeric", "money", "narrow"]), one("char(6)", .char(6), ["char"]),
    one("date", .date, ["date"]), one("double precision", .double, ["double"]),
    one("timestamptz", .timestamptz, ["timestamptz"]), one("uuid", .uuid, ["uuid"]),
    .init(
      table: "looked_up_pair",
      keys: [
        ("boolean", .boolean, ["boolean"]), ("integer", .integer, ["smallint", "integer", "bigint"]),
      ]),
  ]

  private static func one(_ declaration: String, _ type: SQLType, _ kinds: [String]) -> SampleLookup {
    let word = declaration.prefix { $0 != "(" && $0 != " " }
    return SampleLookup(table: "looked_up_\(word)", keys: [(declaration, type, kinds)])
  }

  var keySchema: [ColumnSchema] {
    keys.enumerated().map { ColumnSchema(name: "k\($0)", type: $1.type) }
  }

  static let payloadSchema = payload.map { ColumnSchema(name: $0.name, type: $0.type) }

  /// Makes the empty table. Equal keys are no two rows of it.
  var definition: String {
    let keys = self.keys.enumerated().map { "k\($0) \($1.declaration)" }
    let payload = Self.payload.map { "\($0.name) \($0.declaration)" }
    let names = self.keys.indices.map { "k\($0)" }.joined(separator: ", ")
    return "CREATE TABLE \(table) (\((keys + payload).joined(separator: ", ")), UNIQUE (\(names)))"
  }
}
