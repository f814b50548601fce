internal import Model

extension JobShape {
  static let stepWords = [
    "sanitize", "parse", "validate", "derive", "lookup", "pseudonymise", "filter", "select", "rename", "drop",
  ]

  static let step = Record(
    "a step",
    [
      .optional("name", .text(.free), "Names the step in messages and quarantine."),
      .optional(
        "on_fail", .choice(of: Step.OnFail.self),
        "What becomes of a row that the step rejects. Default: fail."),
      .optional(
        "sanitize", .map(.oneOrList(sanitizing), names: .column, atLeast: 1), "Cleans text columns in place."),
      .optional("parse", .record(parse), "Reads a text column as a type."),
      .optional(
        "validate", .oneOrList(.record(rule)), "Rules that a row must fulfil; NULL does not pass."),
      .optional(
        "derive", .map(.text(.expression), names: .column, atLeast: 1),
        "New columns by expression; entries may use each other."),
      .optional("lookup", .record(lookup), "Columns of another relation, by key."),
      .optional("pseudonymise", .record(pseudonymise), "HMAC-SHA-256 of columns, computed here."),
      .optional("filter", .text(.expression), "Keeps rows for which this is true."),
      .optional(
        "select", .list(selection, atLeast: 1), "Keeps these columns, in this order; `new: old` renames."),
      .optional("rename", .map(.column, names: .column, atLeast: 1), "`new: old`."),
      .optional("drop", .oneOrList(.column), "Takes columns out."),
    ],
    exactlyOne: [stepWords],
    later: ["dedupe"],
    advice: [
      "pseudonymize": "Write `pseudonymise:`", "transform": "Write `derive:`", "where": "Write `filter:`",
      "cast": "Write `parse:`, or a cast in `derive:`",
    ])

  static let selection = Shape.either([.column, .map(.column, names: .column, atLeast: 1)])

  static let sanitizing = Shape.either([
    .choice(["trim", "collapse_spaces", "strip_control", "lower", "upper", "nfc", "null_if_empty"]),
    .record(
      Record(
        "a sanitizing operation",
        [
          .optional("truncate", .positive, "Keeps so many characters."),
          .optional("mask", .integer(0...1000), "Letters and digits become `*`, but for so many at the end."),
          .optional("redact", .text(.free), "Matches of a regular expression become `***`."),
        ],
        exactlyOne: [["truncate", "mask", "redact"]])),
  ])

  static let parse = Record(
    "`parse`",
    [
      .required("column", .column, "A text column.", example: "column: placed_at"),
      .required(
        "as", .text(.free), "integer, numeric, numeric(p,s), date, timestamp, boolean or json.",
        example: "as: date"),
      .optional("into", .column, "The new column's name. Default: the text column's own."),
      .optional("pattern", .text(.free), "As to_date takes it, for date and timestamp. Default: ISO."),
      .optional("zone", .text(.free), "The zone of a timestamp that names none."),
      .optional("path", .text(.free), "Into a JSON text: $.a.b[0]."),
    ],
    advice: ["format": "Write `pattern:`", "type": "Write `as:`"])

  static let rule = Record(
    "a rule",
    [
      .required("expect", .text(.expression), "Must be true.", example: "expect: amount >= 0"),
      .optional("name", .text(.free), "Names the rule. Default: the expression."),
    ],
    advice: ["every": "Write `expect:`; `every` is for checks"])

  static let lookup = Record(
    "`lookup`",
    [
      .required(
        "from", .record(lookupFrom), "The other relation.",
        example: "from: {connection: shop, table: public.shops}"),
      .required(
        "match", .map(.column, names: .column, atLeast: 1), "Row column: lookup column.",
        example: "match: {shop_id: id}"),
      .required(
        "take", .map(.column, names: .column, atLeast: 1), "New column: lookup column.",
        example: "take: {shop_name: name}"),
      .optional("on_missing", .choice(of: Step.OnFail.self), "A row without a match. Default: fail."),
      .optional(
        "on_duplicate", .choice(of: Lookup.OnDuplicate.self), "A key with several rows. Default: error."),
      .optional("max_rows", .positive, "More rows in the other relation fail the run."),
    ],
    later: ["as_of"],
    advice: ["on": "Quote it as `match:`", "on_fail": "Write `on_missing:`"])

  static let lookupFrom = Record(
    "`from`",
    [
      .optional("connection", .text(.template), "A connection of the project file."),
      .optional("table", .text(.template), "A table or view."),
      .optional("query", .text(.sql), "A SELECT."),
      .optional("file", .text(.free), "A CSV file of the project."),
    ],
    exactlyOne: [["table", "query", "file"]])

  static let pseudonymise = Record(
    "`pseudonymise`",
    [
      .required(
        "take", .map(.column, names: .column, atLeast: 1), "New column: column.",
        example: "take: {customer_ref: customer_id}"),
      .required(
        "key", .text(.template), "The secret, as ${credential.X}, ${env.X} or ${file:path}.",
        example: "key: ${credential.pepper}"),
    ])

  static let aggregate = Record(
    "an aggregate",
    [
      .optional(
        "group_by", .list(.either([.column, .map(.text(.expression), names: .column, atLeast: 1)])),
        "Columns, or `name: expression`."),
      .optional(
        "grouping_sets", .either([.choice(["rollup", "cube"]), .list(.list(.column), atLeast: 1)]),
        "Lists of group_by names, or rollup or cube."),
      .optional(
        "measures", .map(.either([.text(.expression), .record(measure)]), names: .column),
        "Name: expression with aggregates; measures may use each other."),
      .optional("having", .text(.expression), "Keeps groups for which this is true."),
    ],
    advice: [
      "rollup": "Write `grouping_sets: rollup`", "cube": "Write `grouping_sets: cube`",
      "metrics": "Write `measures:`", "filter": "Write `having:`, or a filter step before",
    ])

  static let measure = Record(
    "a measure",
    [
      .required("value", .text(.expression), "An expression with aggregates.", example: "value: sum(amount)"),
      .optional("type", .text(.sqlType), "The result's type."),
      .optional("description", .text(.free), "Becomes the column's comment."),
    ])

  static let check = Record(
    "a check",
    [
      .optional("name", .text(.free), "Names the check. Default: its condition."),
      .optional("expect", .text(.expression), "Must be true of the whole result, with aggregates."),
      .optional("every", .text(.expression), "Must be true of every result row."),
      .optional("unique", .oneOrList(.column), "No two result rows share these."),
      .optional("severity", .choice(of: Check.Severity.self), "error (default) keeps the result back."),
    ],
    exactlyOne: [["expect", "every", "unique"]],
    later: ["query"])
}
