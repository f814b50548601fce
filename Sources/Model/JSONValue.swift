/// A JSON document as a value, for the small documents that Tidemark keeps and reads itself:
/// plans, receipts, `EXPLAIN` output. Numbers stay as written, so no digit is lost.
package enum JSONValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  /// The numeral as written.
  case number(String)
  case string(String)
  case array([JSONValue])
  /// In the order given; that order is kept on writing.
  case object([Member])

  package struct Member: Hashable, Sendable {
    package var name: String
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  package static func integer(_ number: some FixedWidthInteger) -> JSONValue {
    .number("\(number)")
  }

  /// A string, or JSON's null.
  package static func optional(_ text: String?) -> JSONValue {
    text.map(JSONValue.string) ?? .null
  }

  /// The first member of that name, of an object.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  package var stringValue: String? {
    if case .string(let text) = self { text } else { nil }
  }

  package var intValue: Int? {
    if case .number(let text) = self { Int(text) } else { nil }
  }

  /// A numeral as a double, for estimates.
  package var doubleValue: Double? {
    if case .number(let text) = self { Double(text) } else { nil }
  }

  package var boolValue: Bool? {
    if case .boolean(let value) = self { value } else { nil }
  }

  package var elements: [JSONValue] {
    if case .array(let elements) = self { elements } else { [] }
  }

  package var members: [Member] {
    if case .object(let members) = self { members } else { [] }
  }

  /// One line, without spaces, control characters and nothing else escaped.
  package var text: String {
    var out = ""
    write(to: &out)
    return out
  }

  /// Indented by two spaces, for people.
  package var prettyText: String {
    var out = ""
    write(to: &out, indent: 0)
    return out
  }

  private func write(to out: inout String) {
    switch self {
    case .null: out += "null"
    case .boolean(let value): out += value ? "true" : "false"
    case .number(let text): out += text
    case .string(let text): JSONValue.writeString(text, to: &out)
    case .array(let elements):
      out += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { out += "," }
        element.write(to: &out)
      }
      out += "]"
    case .object(let members):
      out += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { out += "," }
        JSONValue.writeString(member.name, to: &out)
        out += ":"
        member.value.write(to: &out)
      }
      out += "}"
    }
  }

  private func write(to out: inout String, indent: Int) {
    let inner = String(repeating: " ", count: indent + 2)
    let outer = String(repeating: " ", count: indent)
    switch self {
    case .array(let elements) where !elements.isEmpty:
      out += "[\n"
      for (index, element) in elements.enumerated() {
        out += inner
        element.write(to: &out, indent: indent + 2)
        out += index + 1 < elements.count ? ",\n" : "\n"
      }
      out += outer + "]"
    case .object(let members) where !members.isEmpty:
      out += "{\n"
      for (index, member) in members.enumerated() {
        out += inner
        JSONValue.writeString(member.name, to: &out)
        out += ": "
        member.value.write(to: &out, indent: indent + 2)
        out += index + 1 < members.count ? ",\n" : "\n"
      }
      out += outer + "}"
    default: write(to: &out)
    }
  }

  /// Appends `text` as a JSON string literal.
  package static func writeString(_ text: String, to out: inout String) {
    out += "\""
    writeEscaped(text, to: &out)
    out += "\""
  }

  /// Appends `text` as it stands between the quotes of a JSON string literal.
  package static func writeEscaped(_ text: String, to out: inout String) {
    // Most texts are written as they are.
    if !text.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
      out += text
      return
    }
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
  }
}
