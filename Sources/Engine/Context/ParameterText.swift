internal import Expressions
internal import Model

/// The text of a parameter, read as its declared type.
struct ParameterText {
  private let text: String

  init(_ text: String) {
    self.text = text
  }

  /// - Throws: the `RowFault` that Postgres's input function would raise.
  func value(as type: SQLType) throws(RowFault) -> Value {
    if let value = try LiteralReader.read(text, as: type) { return value }
    switch type {
    case .date: return .date(try DateValue(parsing: text).days)
    case .timestamp: return .timestamp(try Timestamp(parsing: text).microseconds)
    case .timestamptz: return .timestamptz(try Timestamp(parsingMoment: text, zones: .utc).microseconds)
    case .interval: return .interval(try CalendarInterval(parsing: text))
    default: throw .invalidText(type.sqlName, text)
    }
  }
}
