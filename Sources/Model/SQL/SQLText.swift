/// SQL made only of trusted pieces: the one way that names and values reach a statement.
///
/// String literals become SQL as they are, so every interpolated part must be an
/// identifier, a literal or other `SQLText`; a bare `String` does not compile.
///
///     let sql: SQLText = "SELECT \(Identifier("a\"b")) FROM \(name) WHERE x = \(literal: .text("it's"))"
/// It knows where parts of it were written, for what a server says of them; two are equal where their texts are.
package struct SQLText: Hashable, Sendable, CustomStringConvertible {
  package internal(set) var text: String
  /// By rising range.
  var origins: [SQLOrigin] = []

  /// Takes `text` as SQL. Only for texts that were lexed as SQL before (user SQL) or embedded
  /// files; everything else interpolates.
  package init(trusted text: String) {
    self.text = text
  }

  package var description: String { text }

  package static func + (left: SQLText, right: SQLText) -> SQLText {
    var sum = left
    sum.append(right)
    return sum
  }

  package static func == (left: SQLText, right: SQLText) -> Bool { left.text == right.text }

  package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension SQLText: ExpressibleByStringInterpolation {
  package init(stringLiteral value: StaticString) {
    text = "\(value)"
  }

  package init(stringInterpolation: StringInterpolation) {
    self = stringInterpolation.sql
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    var sql = SQLText(trusted: "")

    package init(literalCapacity: Int, interpolationCount: Int) {
      sql.text.reserveCapacity(literalCapacity + interpolationCount * 16)
    }

    package mutating func appendLiteral(_ literal: StaticString) { sql.text += "\(literal)" }
    package mutating func appendInterpolation(_ identifier: Identifier) { sql.text += identifier.quoted }
    package mutating func appendInterpolation(_ name: QualifiedName) { sql.text += name.quoted }
    package mutating func appendInterpolation(_ sql: SQLText) { self.sql.append(sql) }
    package mutating func appendInterpolation(literal value: Value, as type: SQLType? = nil) {
      sql.text += SQLText.literal(value, as: type).text
    }
    package mutating func appendInterpolation(_ number: some FixedWidthInteger) {
      sql.text += number < 0 ? "(\(number))" : "\(number)"
    }
    /// Pieces with `, ` or another fixed text between them.
    package mutating func appendInterpolation(
      _ pieces: [SQLText], separator: StaticString = ", "
    ) {
      for (number, piece) in pieces.enumerated() {
        if number > 0 { sql.text += "\(separator)" }
        sql.append(piece)
      }
    }
    package mutating func appendInterpolation(_ identifiers: [Identifier]) {
      sql.text += identifiers.map(\.quoted).joined(separator: ", ")
    }
    package mutating func appendInterpolation(type: SQLType) { sql.text += type.sqlName }
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
