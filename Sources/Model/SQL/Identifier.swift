/// One SQL name. Always written quoted, so no spelling of it can be anything but a name.
package struct Identifier: Hashable, Sendable, CustomStringConvertible {
  package let name: String

  /// Postgres cuts longer names silently; Tidemark refuses them.
  package static let maximumUTF8Length = 63

  /// Takes a name that is known to be good: a catalogue's own, or one of Tidemark's.
  package init(_ name: String) {
    self.name = name
  }

  /// - Throws: `Fault` `bad_identifier` for an empty name, one over 63 bytes, or one with NUL.
  package init(checking name: String, place: Place? = nil) throws(Fault) {
    if name.isEmpty {
      throw Fault("bad_identifier", .validation, "A name is empty", place: place)
    }
    if name.utf8.count > Self.maximumUTF8Length {
      throw Fault(
        "bad_identifier", .validation,
        "The name `\(name.prefix(30))…` has \(name.utf8.count) bytes; Postgres keeps only 63",
        place: place, hint: "Use a name of at most 63 bytes")
    }
    if name.utf8.contains(0) {
      throw Fault("bad_identifier", .validation, "A name holds a NUL byte", place: place)
    }
    self.name = name
  }

  /// The name in double quotes. Goes by scalars: a quote followed by a combining mark is one
  /// `Character`, and would slip through a character-wise search.
  package var quoted: String {
    var text = "\""
    for scalar in name.unicodeScalars where scalar != "\0" {
      if scalar == "\"" { text += "\"" }
      text.unicodeScalars.append(scalar)
    }
    return text + "\""
  }

  package var description: String { name }
}

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
