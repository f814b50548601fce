package import Model

/// Turns templated names (`tenant_${matrix.tenant}.orders`) into identifiers.
///
/// A reference stands for a piece of one identifier part: whatever its value holds, it cannot add
/// a part or end a quote.
package struct NameResolver: Sendable {
  package var references: ReferenceScope

  package init(references: ReferenceScope) {
    self.references = references
  }

  /// - Throws: `Fault` of a reference, or `bad_identifier`.
  package func qualifiedName(_ template: Template) throws(Fault) -> QualifiedName {
    // References are parsed as private characters that no name holds, and put in afterwards.
    var pattern = ""
    var values: [Unicode.Scalar: String] = [:]
    var next: UInt32 = 0xF0000
    for part in template.parts {
      switch part {
      case .text(let text):
        if text.unicodeScalars.contains(where: { (0xF0000...0xFFFFD).contains($0.value) }) {
          throw Fault(
            "bad_identifier", .validation, "A name holds a private-use character",
            place: template.source.place)
        }
        pattern += text
      case .reference(let reference):
        guard let mark = Unicode.Scalar(next) else { break }
        next += 1
        values[mark] = try text(of: reference)
        pattern.unicodeScalars.append(mark)
      }
    }
    // Checked only when filled in: a mark may be longer than what it stands for.
    let parts = try QualifiedName.parts(of: pattern, place: template.source.place).map { part in
      part.unicodeScalars.reduce(into: "") { text, scalar in
        if let value = values[scalar] { text += value } else { text.unicodeScalars.append(scalar) }
      }
    }
    return try QualifiedName(parts: parts, of: template.source.text, place: template.source.place)
  }

  /// The text of a template whose references are all known; for connection names, file paths and
  /// zone names.
  /// - Throws: `Fault` of a reference, or of one whose value is NULL.
  package func text(_ template: Template) throws(Fault) -> String {
    var text = ""
    for part in template.parts {
      switch part {
      case .text(let piece): text += piece
      case .reference(let reference): text += try self.text(of: reference)
      }
    }
    return text
  }

  private func text(of reference: Reference) throws(Fault) -> String {
    guard let text = try references.value(of: reference).value.postgresText else {
      throw Fault(
        "unavailable_reference", .validation, "`${\(reference.spelling)}` is NULL",
        place: reference.place)
    }
    return text
  }
}
