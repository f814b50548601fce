/// SQL made only of trusted pieces: the one way that names and values reach a statement.
///
/// String literals become SQL as they are, so every interpolated part must be an
/// identifier, a literal or other `SQLText`; a bare `String` does not compile.
///
///     let sql: SQLText = "SELECT \(Identifier("a\"b")) FROM \(name) WHERE x = \(literal: .text("it's"))"
package struct SQLText: Hashable, Sendable, CustomStringConvertible {
  package private(set) var text: String

  /// Takes `text` as SQL. Only for texts that were lexed as SQL before (user SQL) or embedded
  /// files; everything else interpolates.
  package init(trusted text: String) {
    self.text = text
  }

  package var description: String { text }

  package static func + (left: SQLText, right: SQLText) -> SQLText {
    SQLText(trusted: left.text + right.text)
  }
}

extension SQLText: ExpressibleByStringInterpolation {
  package init(stringLiteral value: StaticString) {
    text = "\(value)"
  }

  package init(stringInterpolation: StringInterpolation) {
    text = stringInterpolation.text
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    var text = ""

    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + interpolationCount * 16)
    }

    package mutating func appendLiteral(_ literal: StaticString) { text += "\(literal)" }
    package mutating func appendInterpolation(_ identifier: Identifier) { text += identifier.quoted }
    package mutating func appendInterpolation(_ name: QualifiedName) { text += name.quoted }
    package mutating func appendInterpolation(_ sql: SQLText) { text += sql.text }
    package mutating func appendInterpolation(literal value: Value, as type: SQLType? = nil) {
      text += SQLText.literal(value, as: type).text
    }
    package mutating func appendInterpolation(_ number: some FixedWidthInteger) {
      text += number < 0 ? "(\(number))" : "\(number)"
    }
    /// Pieces with `, ` or another fixed text between them.
    package mutating func appendInterpolation(
      _ pieces: [SQLText], separator: StaticString = ", "
    ) {
      text += pieces.map(\.text).joined(separator: "\(separator)")
    }
    package mutating func appendInterpolation(_ identifiers: [Identifier]) {
      text += identifiers.map(\.quoted).joined(separator: ", ")
    }
    package mutating func appendInterpolation(type: SQLType) { text += type.sqlName }
  }
}

extension SQLText {
  /// One parenthesised, typed, escaped literal. `type` defaults to the value's own.
  package static func literal(_ value: Value, as type: SQLType? = nil) -> SQLText {
    let body = value.postgresText.map(quote) ?? "NULL"
    guard let name = type?.sqlName ?? value.naturalTypeName else {
      return SQLText(trusted: "(\(body))")
    }
    return SQLText(trusted: "(\(body)::\(name))")
  }

  /// A string constant for places where SQL takes nothing else (`SET`, `COMMENT ON`).
  package static func string(_ text: String) -> SQLText {
    SQLText(trusted: quote(text))
  }

  /// Quotes for `standard_conforming_strings = on`; where the text holds a backslash it uses
  /// the `E''` form, so that the setting does not matter. NUL cannot be sent to Postgres and is
  /// dropped here because callers refuse it before.
  private static func quote(_ text: String) -> String {
    var body = ""
    var hasBackslash = false
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'": body += "''"
      case "\\":
        hasBackslash = true
        body += "\\\\"
      case "\0": continue
      default: body.unicodeScalars.append(scalar)
      }
    }
    return hasBackslash ? " E'\(body)'" : "'\(body)'"
  }
}
