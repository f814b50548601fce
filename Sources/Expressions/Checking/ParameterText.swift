package import Model

/// The text of a parameter, read as its declared type.
package struct ParameterText {
  private let text: String

  package init(_ text: String) {
    self.text = text
  }

  /// - Parameter zones: the clock of moments that name none.
  /// - Throws: the `RowFault` that Postgres's input function would raise.
  package func value(as type: SQLType, by zones: ZoneContext = .utc) throws(RowFault) -> Value {
    if let value = try LiteralReader.read(text, as: type) { return value }
    switch type {
    case .date: return .date(try DateValue(parsing: text, zones: zones).days)
    case .timestamp: return .timestamp(try Timestamp(parsing: text, zones: zones).microseconds)
    case .timestamptz: return .timestamptz(try Timestamp(parsingMoment: text, zones: zones).microseconds)
    case .interval: return .interval(try CalendarInterval(parsing: text))
    default: throw .invalidText(type.sqlName, text)
    }
  }
}
