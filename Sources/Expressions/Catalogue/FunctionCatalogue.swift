internal import Model

/// Every function of the expression language: names, overloads, result types and a line of
/// documentation. The docs page and "did you mean" are made from it.
///
/// `coalesce nullif greatest least grouping` and the `CASE` family are syntax and have no
/// entry; they are in `syntaxForms`.
package enum FunctionCatalogue {
  package static let entries: [FunctionEntry] = numbers + texts + times

  /// Words that are called like functions but take operands of any type.
  package static let syntaxForms: [(name: String, summary: String)] = [
    ("coalesce", "The first operand that is not NULL."),
    ("nullif", "NULL where both operands are equal, else the first."),
    ("greatest", "The largest operand; NULL ones are left out."),
    ("least", "The smallest operand; NULL ones are left out."),
    ("concat", "All operands' texts joined; NULL counts as empty."),
    ("grouping", "Bits that tell which keys a grouping set leaves out."),
  ]

  /// The entry called `name`, under its own name or an alias.
  package static func entry(_ name: String) -> FunctionEntry? { byName[name] }

  /// All names, for "did you mean".
  package static let names: [String] = (Array(byName.keys) + syntaxForms.map(\.name)).sorted()

  /// What is said of a name that no function has.
  static func unknown(_ name: String) -> Fault {
    Fault(
      "unknown_function", .validation, "There is no function `\(name.prefix(60))` in expressions",
      hint: elsewhere[name] ?? DidYouMean.hint(for: name, among: names + AggregateCatalogue.names)
        ?? Checker.addColumnsHint)
  }

  /// Names that other languages have and Postgres has not either, with what to write instead.
  private static let elsewhere = [
    "if": "Write `CASE WHEN condition THEN x ELSE y END`",
    "iif": "Write `CASE WHEN condition THEN x ELSE y END`",
    "ifnull": "Write `coalesce(x, y)`", "isnull": "Write `coalesce(x, y)`, or `x IS NULL`",
    "nvl": "Write `coalesce(x, y)`", "len": "Write `length(x)`",
    "datediff": "Take one date from the other: `later - earlier` is a number of days",
  ]

  private static let byName: [String: FunctionEntry] = {
    var table: [String: FunctionEntry] = [:]
    for entry in entries {
      for name in [entry.name] + entry.aliases { table[name] = entry }
    }
    return table
  }()

  private static func same(_ function: Function, _ types: [SQLType]) -> [Overload] {
    types.map { Overload(function, [$0], $0) }
  }

  private static let whole: [SQLType] = [.smallint, .integer, .bigint]

  private static let numbers: [FunctionEntry] = [
    FunctionEntry("abs", "Absolute value.", same(.abs, whole + [.numeric, .real, .double])),
    FunctionEntry("sign", "-1, 0 or 1.", same(.sign, [.numeric, .double])),
    FunctionEntry(
      "round", "Nearest whole number, or nearest at a number of decimals; numeric ties go away from zero.",
      same(.round, [.numeric, .double]) + [Overload(.round, [.numeric, .integer], .numeric)]),
    FunctionEntry(
      "trunc", "Towards zero, to a whole number or to a number of decimals.",
      same(.trunc, [.numeric, .double]) + [Overload(.trunc, [.numeric, .integer], .numeric)]),
    FunctionEntry(
      "ceil", aliases: ["ceiling"], "Least whole number not below.", same(.ceil, [.numeric, .double])),
    FunctionEntry("floor", "Greatest whole number not above.", same(.floor, [.numeric, .double])),
    FunctionEntry(
      "mod", "Remainder, with the dividend's sign.",
      (whole + [.numeric]).map { Overload(.mod, [$0, $0], $0) }),
    FunctionEntry(
      "div", "Quotient cut to a whole number.", [Overload(.div, [.numeric, .numeric], .numeric)]),
    FunctionEntry("sqrt", "Square root.", same(.sqrt, [.numeric, .double])),
    FunctionEntry(
      "power", aliases: ["pow"], "The first operand to the power of the second.",
      [.double, .numeric].map { Overload(.power, [$0, $0], $0) }),
    FunctionEntry("exp", "e to the power of the operand.", same(.exp, [.double, .numeric])),
    FunctionEntry("ln", "Natural logarithm.", same(.ln, [.double, .numeric])),
    FunctionEntry(
      "log", aliases: ["log10"], "Logarithm to base 10, or to the base given first.",
      same(.log, [.double, .numeric]) + [Overload(.log, [.numeric, .numeric], .numeric)]),
    FunctionEntry(
      "width_bucket", "Number of the equal-width bucket between low and high that the first operand is in.",
      [.numeric, .double].map { Overload(.widthBucket, [$0, $0, $0, .integer], .integer) }),
  ]

  private static func trimming(_ function: Function) -> [Overload] {
    [Overload(function, [.text], .text), Overload(function, [.text, .text], .text)]
  }

  private static let texts: [FunctionEntry] = [
    FunctionEntry("lower", "Lower case, code point by code point.", same(.lower, [.text])),
    FunctionEntry("upper", "Upper case, code point by code point.", same(.upper, [.text])),
    FunctionEntry(
      "initcap", "First letter of each word in upper case, the rest lower.", same(.initcap, [.text])),
    FunctionEntry("btrim", "Without the given characters (default: blanks) at both ends.", trimming(.btrim)),
    FunctionEntry("ltrim", "Without the given characters (default: blanks) at the start.", trimming(.ltrim)),
    FunctionEntry("rtrim", "Without the given characters (default: blanks) at the end.", trimming(.rtrim)),
    FunctionEntry(
      "length", aliases: ["char_length", "character_length"], "Number of characters.",
      [.text, .char(nil)].map { Overload(.length, [$0], .integer) }),
    FunctionEntry(
      "octet_length", "Number of bytes in UTF-8.",
      [.text, .char(nil)].map { Overload(.octetLength, [$0], .integer) }),
    FunctionEntry(
      "left", "The first characters; all but the last ones where the number is negative.",
      [Overload(.left, [.text, .integer], .text)]),
    FunctionEntry(
      "right", "The last characters; all but the first ones where the number is negative.",
      [Overload(.right, [.text, .integer], .text)]),
    FunctionEntry(
      "substring", aliases: ["substr"], "Characters from a position (from 1), as many as said.",
      [
        Overload(.substring, [.text, .integer], .text),
        Overload(.substring, [.text, .integer, .integer], .text),
        // Regular expressions.
        Overload(.substring, [.text, .text], .text, isRefused: true),
        Overload(.substring, [.text, .text, .text], .text, isRefused: true),
      ]),
    FunctionEntry(
      "position", "Where the second text first stands in the first, from 1; 0 if nowhere.",
      [Overload(.position, [.text, .text], .integer)]),
    FunctionEntry(
      "strpos", "Where the second text first stands in the first, from 1; 0 if nowhere.",
      [Overload(.strpos, [.text, .text], .integer)]),
    FunctionEntry(
      "replace", "Every occurrence of the second text replaced by the third.",
      [Overload(.replace, [.text, .text, .text], .text)]),
    FunctionEntry(
      "translate", "Each character of the second text replaced by the one at its place in the third.",
      [Overload(.translate, [.text, .text, .text], .text)]),
    FunctionEntry(
      "split_part", "The n-th piece between separators; counted from the end where negative.",
      [Overload(.splitPart, [.text, .text, .integer], .text)]),
    FunctionEntry("lpad", "Filled or cut to a length, at the start.", padding(.lpad)),
    FunctionEntry("rpad", "Filled or cut to a length, at the end.", padding(.rpad)),
    FunctionEntry("repeat", "The text so many times.", [Overload(.repeat, [.text, .integer], .text)]),
    FunctionEntry("reverse", "Characters in reverse order.", same(.reverse, [.text])),
    FunctionEntry(
      "starts_with", "True where the first text begins with the second.",
      [Overload(.startsWith, [.text, .text], .boolean)]),
    FunctionEntry(
      "ascii", "Code point of the first character; 0 for empty.", [Overload(.ascii, [.text], .integer)]),
    FunctionEntry("md5", "MD5 of the UTF-8 bytes, as 32 hexadecimal digits.", same(.md5, [.text])),
  ]

  private static func padding(_ function: Function) -> [Overload] {
    [
      Overload(function, [.text, .integer], .text),
      Overload(function, [.text, .integer, .text], .text),
    ]
  }

  private static let moments: [SQLType] = [.timestamp, .timestamptz, .interval]

  private static let times: [FunctionEntry] = [
    FunctionEntry(
      "date_trunc", "Cut to a whole unit such as `month`, in the job's time zone or the one given.",
      moments.map { Overload(.dateTrunc, [.text, $0], $0) }
        + [Overload(.dateTrunc, [.text, .timestamptz, .text], .timestamptz)]),
    FunctionEntry(
      "extract", "A field such as `year`, as numeric.",
      ([.date] + moments).map { Overload(.extract, [.text, $0], .numeric) }),
    FunctionEntry(
      "date_part", "A field such as `year`, as double precision.",
      [Overload(.datePart, [.text, .date], .double, computed: [.text, .timestamp])]
        + moments.map { Overload(.datePart, [.text, $0], .double) }),
    FunctionEntry(
      "make_date", "A date of year, month and day.",
      [Overload(.makeDate, [.integer, .integer, .integer], .date)]),
    FunctionEntry(
      "age", "The difference in years, months, days and time.",
      [.timestamp, .timestamptz].map { Overload(.age, [$0, $0], .interval) }),
    FunctionEntry(
      "date_bin", "Cut to a multiple of a stride, counted from an origin.",
      [.timestamp, .timestamptz].map { Overload(.dateBin, [.interval, $0, $0], $0) }),
    FunctionEntry(
      "timezone", "`x AT TIME ZONE zone`, as a function of zone and x.",
      [
        Overload(.atTimeZone, [.text, .timestamp], .timestamptz),
        Overload(.atTimeZone, [.text, .timestamptz], .timestamp),
        Overload(.atTimeZone, [.interval, .timestamp], .timestamptz, isRefused: true),
        Overload(.atTimeZone, [.interval, .timestamptz], .timestamp, isRefused: true),
      ]),
    FunctionEntry(
      "to_char", "Written by a pattern such as `YYYY-MM-DD` or `FM999990.00`.",
      ([.timestamp, .timestamptz, .interval, .numeric, .integer, .bigint, .real, .double] as [SQLType]).map {
        Overload(.toChar, [$0, .text], .text)
      }),
  ]
}
