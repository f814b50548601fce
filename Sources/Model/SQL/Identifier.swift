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

  /// Refuses a name that no column of a table may have: Postgres has a column of its own there.
  /// - Throws: `Fault` `bad_identifier`.
  package static func check(column name: String, place: Place?) throws(Fault) {
    guard ["ctid", "cmax", "cmin", "tableoid", "xmax", "xmin"].contains(name) else { return }
    throw Fault(
      "bad_identifier", .validation,
      "A table cannot have a column `\(name)`: Postgres keeps one of that name in every table", place: place,
      hint: "Give the result's column another name, such as `row_\(name)`")
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
