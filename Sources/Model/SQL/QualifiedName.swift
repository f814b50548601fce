/// A table's name, with or without its schema.
package struct QualifiedName: Hashable, Sendable, CustomStringConvertible {
  package let schema: Identifier?
  package let name: Identifier

  package init(schema: Identifier?, name: Identifier) {
    self.schema = schema
    self.name = name
  }

  package init(_ schema: String, _ name: String) {
    self.init(schema: Identifier(schema), name: Identifier(name))
  }

  /// Reads `name`, `schema.name` and the double-quoted forms of either part. Unquoted parts are
  /// taken as written: no case is folded, since `table:` names what `\d` shows.
  /// - Throws: `Fault` `bad_identifier`.
  package init(parsing text: String, place: Place? = nil) throws(Fault) {
    try self.init(parts: QualifiedName.parts(of: text, place: place), of: text, place: place)
  }

  /// Takes one or two unquoted parts; `text` is what a fault shows.
  /// - Throws: `Fault` `bad_identifier`.
  package init(parts: [String], of text: String, place: Place? = nil) throws(Fault) {
    switch parts.count {
    case 1: self.init(schema: nil, name: try Identifier(checking: parts[0], place: place))
    case 2:
      self.init(
        schema: try Identifier(checking: parts[0], place: place),
        name: try Identifier(checking: parts[1], place: place))
    default:
      throw Fault(
        "bad_identifier", .validation, "The name `\(text)` has \(parts.count) parts", place: place,
        hint: "Write `table` or `schema.table`; quote a part that holds a dot")
    }
  }

  /// The parts of a dotted name, without their quotes and not yet checked.
  /// - Throws: `Fault` `bad_identifier` for quotes that are not in pairs.
  package static func parts(of text: String, place: Place? = nil) throws(Fault) -> [String] {
    var parts: [String] = []
    var rest = text.unicodeScalars[...]
    while true {
      var part = ""
      if rest.first == "\"" {
        rest.removeFirst()
        var isClosed = false
        while let scalar = rest.popFirst() {
          if scalar == "\"" {
            if rest.first == "\"" {
              rest.removeFirst()
              part += "\""
            } else {
              isClosed = true
              break
            }
          } else {
            part.unicodeScalars.append(scalar)
          }
        }
        if !isClosed {
          throw Fault(
            "bad_identifier", .validation, "The name `\(text)` has an unclosed quote", place: place)
        }
      } else {
        while let scalar = rest.first, scalar != "." {
          part.unicodeScalars.append(scalar)
          rest.removeFirst()
        }
      }
      parts.append(part)
      guard let next = rest.popFirst() else { break }
      if next != "." {
        throw Fault(
          "bad_identifier", .validation, "The name `\(text)` goes on after its closing quote",
          place: place)
      }
    }
    return parts
  }

  package var quoted: String {
    schema.map { $0.quoted + "." + name.quoted } ?? name.quoted
  }

  package var description: String {
    schema.map { "\($0).\(name)" } ?? name.name
  }
}
