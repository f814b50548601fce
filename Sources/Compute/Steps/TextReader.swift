internal import Expressions
internal import Model

/// Reads single texts as `parse` is told to.
struct TextReader {
  private enum Rule {
    case integer(IntegerRange)
    case numeric(SQLType.NumericModifier?)
    case boolean
    case json(JSONPath)
    case date(DatePattern?, zones: ZoneContext)
    case timestamp(DatePattern?, zones: ZoneContext, isZoned: Bool)
  }

  private let rule: Rule

  /// - Throws: `Fault` for a path, pattern or zone that cannot be used.
  init(_ target: Step.Parsing.Target, type: SQLType, zones: ZoneContext, place: Place) throws(Fault) {
    switch target {
    case .integer: rule = .integer(IntegerRange(type))
    case .numeric(let modifier): rule = .numeric(modifier)
    case .boolean: rule = .boolean
    case .json(let path): rule = .json(try JSONPath(path, place: place))
    case .date(let pattern):
      rule = .date(
        try pattern.map { text throws(Fault) in try DatePattern(text, place: place) }, zones: zones)
    case .timestamp(let pattern, let zone):
      var zones = zones
      if let zone {
        guard let rules = zones.zone(zone) else {
          throw Fault(
            "unknown_time_zone", .config, "There is no time zone called `\(zone)`", place: place,
            hint: "Zones have names like Europe/Berlin")
        }
        zones.session = rules
      }
      rule = .timestamp(
        try pattern.map { text throws(Fault) in try DatePattern(text, place: place) }, zones: zones,
        isZoned: type == .timestamptz)
    }
  }

  /// Writes what `bytes` say to `row` of `column`.
  func read(_ bytes: UnsafeBufferPointer<UInt8>, into column: Column, _ row: Int) throws(RowFault) {
    switch rule {
    case .integer(let range): column.integers[row] = try TextParsing.integer(bytes, range)
    case .numeric(let modifier):
      let number = try TextParsing.numeric(bytes)
      guard let modifier else { return column.setNumeric(row, number) }
      column.setNumeric(row, try number.fitted(precision: modifier.precision, scale: modifier.scale))
    case .boolean: column.integers[row] = try TextParsing.boolean(bytes) ? 1 : 0
    case .json(let path):
      let text = TextParsing.text(bytes)
      let document: JSONValue
      do throws(Fault) {
        document = try JSONValue(parsing: text)
      } catch {
        throw .invalidText("json", text)
      }
      guard let found = path.text(in: document) else { return column.writeNull(row) }
      // No text of Postgres's holds one.
      guard !found.utf8.contains(0) else {
        throw RowFault(
          sqlState: "22P05", sentence: "unsupported Unicode escape sequence: \\u0000", offendingText: text)
      }
      column.setText(row, found)
    case .date(let pattern, let zones):
      let date =
        if let pattern { try pattern.read(bytes).date() } else {
          try DateValue(parsing: TextParsing.text(bytes), zones: zones)
        }
      column.integers[row] = Int64(date.days)
    case .timestamp(let pattern, let zones, let isZoned):
      guard let pattern else {
        let text = TextParsing.text(bytes)
        column.integers[row] =
          isZoned
          ? try Timestamp(parsingMoment: text, zones: zones).microseconds
          : try Timestamp(parsing: text, zones: zones).microseconds
        return
      }
      let local = try pattern.read(bytes).timestamp()
      column.integers[row] =
        isZoned ? try zones.session.moment(ofLocal: local).microseconds : local.microseconds
    }
  }
}
