internal import Model

/// The fields of `extract`, `date_part` and `date_trunc`, by type.
enum TimeField {
  static let units: Set<String> = [
    "microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year",
    "decade", "century", "millennium",
  ]

  /// Postgres's own short forms, by its `deltatktbl` and `datetktbl`.
  static let synonyms: [String: String] = [
    "microsecond": "microseconds", "us": "microseconds", "usec": "microseconds", "usecs": "microseconds",
    "useconds": "microseconds", "millisecond": "milliseconds", "ms": "milliseconds", "msec": "milliseconds",
    "msecs": "milliseconds", "seconds": "second", "sec": "second", "secs": "second", "s": "second",
    "minutes": "minute", "min": "minute", "mins": "minute", "m": "minute", "hours": "hour", "hr": "hour",
    "hrs": "hour", "h": "hour", "days": "day", "d": "day", "weeks": "week", "w": "week", "months": "month",
    "mon": "month", "mons": "month", "qtr": "quarter", "years": "year", "y": "year",
    "yr": "year", "yrs": "year", "decades": "decade", "dec": "decade", "decs": "decade",
    "centuries": "century", "c": "century", "cent": "century", "millennia": "millennium", "mil": "millennium",
    "mils": "millennium",
  ]

  /// The canonical spelling of a field, or the spelling itself in lower case.
  static func canonical(_ spelling: String) -> String {
    let word = ExpressionLexer.folded(spelling.utf8)
    return synonyms[word] ?? word
  }

  private static func known(_ type: SQLType, _ function: Function) -> Set<String> {
    if function == .dateTrunc { return type == .interval ? units.subtracting(["week"]) : units }
    switch type {
    case .date:
      return units.subtracting(["microseconds", "milliseconds", "second", "minute", "hour"])
        .union(["dow", "isodow", "doy", "isoyear", "epoch", "julian"])
    case .interval: return units.subtracting(["week"]).union(["epoch"])
    case .timestamptz:
      return units.union([
        "dow", "isodow", "doy", "isoyear", "epoch", "julian", "timezone", "timezone_hour", "timezone_minute",
      ])
    default: return units.union(["dow", "isodow", "doy", "isoyear", "epoch", "julian"])
    }
  }

  /// Why `field` is none of any type's; `nil` for functions that take no field.
  static func fault(_ field: String, in function: Function) -> (sentence: String, hint: String?)? {
    guard [.extract, .datePart, .dateTrunc].contains(function) else { return nil }
    // Timestamps with time zone have all fields that there are.
    guard let fault = fault(field, of: .timestamptz, in: function) else { return nil }
    return ("`\(field.prefix(40))` is not a field of dates and times", fault.hint)
  }

  /// Why `field` is none of `type`'s.
  static func fault(
    _ field: String, of type: SQLType, in function: Function
  ) -> (sentence: String, hint: String?)? {
    let fields = known(type, function)
    if fields.contains(canonical(field)) { return nil }
    let sorted = fields.sorted()
    return (
      "`\(field.prefix(40))` is not a field of \(type.sqlName)",
      DidYouMean.hint(for: field, among: sorted) ?? "There are \(sorted.joined(separator: ", "))"
    )
  }
}
