/// A text with `${...}` references in it, cut into its parts. `$${` is a literal `${`.
package struct Template: Hashable, Sendable {
  package var source: SourceText
  package var parts: [Part]

  package enum Part: Hashable, Sendable {
    case text(String)
    case reference(Reference)
  }

  package init(source: SourceText, parts: [Part]) {
    self.source = source
    self.parts = parts
  }

  /// A text without references.
  package init(literal text: String, origin: String = "(built in)") {
    self.init(source: SourceText(text, origin: origin), parts: text.isEmpty ? [] : [.text(text)])
  }

  /// Cuts a text into its parts.
  /// - Throws: every reference that is unclosed or unknown, at once; see `Reference.init(parsing:)`.
  package init(parsing source: SourceText) throws(Faults) {
    let (template, faults) = Template.read(source)
    if !faults.isEmpty { throw Faults(faults) }
    self = template
  }

  /// Cuts a text into its parts, and goes on behind references that are none: those are left out.
  package static func read(_ source: SourceText) -> (template: Template, faults: [Fault]) {
    var parts: [Part] = []
    var faults: [Fault] = []
    var literal: [UInt8] = []
    let bytes = Array(source.text.utf8)
    let (dollar, open, close) = (UInt8(ascii: "$"), UInt8(ascii: "{"), UInt8(ascii: "}"))
    func endLiteral() {
      if !literal.isEmpty { parts.append(.text(String(decoding: literal, as: UTF8.self))) }
      literal = []
    }
    var cursor = PlaceCursor(source)
    var at = 0
    while at < bytes.count {
      if bytes[at...].starts(with: [dollar, dollar, open]) {
        literal += [dollar, open]
        at += 3
      } else if bytes[at...].starts(with: [dollar, open]) {
        guard let end = bytes[at...].firstIndex(of: close) else {
          faults.append(Reference.unclosed(at: cursor.place(atUTF8Offset: at)))
          break
        }
        endLiteral()
        do throws(Fault) {
          let body = String(decoding: bytes[at + 2..<end], as: UTF8.self)
          parts.append(.reference(try Reference(parsing: body, at: cursor.place(atUTF8Offset: at))))
        } catch {
          faults.append(error)
        }
        at = end + 1
      } else {
        literal.append(bytes[at])
        at += 1
      }
    }
    endLiteral()
    return (Template(source: source, parts: parts), faults)
  }

  package var references: [Reference] {
    parts.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
  }

  /// The text itself where it holds no reference.
  package var literal: String? {
    switch parts.count {
    case 0: ""
    case 1: if case .text(let text) = parts[0] { text } else { nil }
    default: nil
    }
  }
}
