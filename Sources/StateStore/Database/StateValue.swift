internal import Model

/// A value in a statement or a row of the state database: the few kinds that every one of them has.
enum StateValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case text(String)
  case bytes([UInt8])

  static func integer(_ number: Int) -> StateValue { .integer(Int64(number)) }
  static func instant(_ instant: Instant) -> StateValue { .integer(instant.microseconds) }
  static func json(_ value: JSONValue) -> StateValue { .text(value.text) }
  static func optional(_ text: String?) -> StateValue { text.map(StateValue.text) ?? .null }
  static func optional(_ number: Int64?) -> StateValue { number.map(StateValue.integer) ?? .null }
  static func optional(_ instant: Instant?) -> StateValue { optional(instant?.microseconds) }
}

/// One row of an answer, read by column name.
///
/// Every reader throws `Fault` `state_unreadable` where the column is missing, NULL or of another
/// kind: a state that somebody edited by hand is named, not trapped on.
struct StateRow: Sendable {
  let names: [String]
  let values: [StateValue]

  func value(_ name: String) throws(Fault) -> StateValue {
    guard let index = names.firstIndex(of: name) else { throw unreadable(name, "is missing") }
    return values[index]
  }

  func integer(_ name: String) throws(Fault) -> Int64 {
    guard case .integer(let number) = try value(name) else { throw unreadable(name, "is no number") }
    return number
  }

  func int(_ name: String) throws(Fault) -> Int { Int(try integer(name)) }

  func text(_ name: String) throws(Fault) -> String {
    guard case .text(let text) = try value(name) else { throw unreadable(name, "is no text") }
    return text
  }

  func bytes(_ name: String) throws(Fault) -> [UInt8] {
    guard case .bytes(let bytes) = try value(name) else { throw unreadable(name, "is no byte string") }
    return bytes
  }

  func instant(_ name: String) throws(Fault) -> Instant {
    Instant(microseconds: try integer(name))
  }

  func json(_ name: String) throws(Fault) -> JSONValue {
    try JSONValue(parsing: try text(name))
  }

  /// The value of an enumeration stored by its raw text.
  func label<Label: RawRepresentable<String>>(_ name: String, _: Label.Type) throws(Fault) -> Label {
    guard let label = Label(rawValue: try text(name)) else {
      throw unreadable(name, "has a value that this version does not know")
    }
    return label
  }

  /// What `read` makes of the row, or `nil` where the column is NULL.
  func ifPresent<Result>(
    _ name: String, _ read: (StateRow, String) throws(Fault) -> Result
  ) throws(Fault) -> Result? {
    try value(name) == .null ? nil : try read(self, name)
  }

  private func unreadable(_ name: String, _ what: String) -> Fault {
    Fault(
      "state_unreadable", .data, "The state store's column `\(name)` \(what)",
      hint: "Run `tidemark state check`")
  }
}
