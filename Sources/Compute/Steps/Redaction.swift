internal import Model

/// Replaces every match of a regular expression by `***`.
///
/// The patterns are those of Swift's `Regex`, matched by code points. A text without a match is copied as it
/// is.
final class Redaction {
  private let regex: Regex<AnyRegexOutput>

  /// - Throws: `Fault` `bad_pattern`.
  init(_ pattern: String, place: Place) throws(Fault) {
    do {
      regex = try Regex(pattern).matchingSemantics(.unicodeScalar)
    } catch {
      throw Fault(
        "bad_pattern", .validation, "The pattern of redact is no regular expression: \(pattern)",
        place: place, cause: "\(error)")
    }
  }

  func apply(_ bytes: UnsafeBufferPointer<UInt8>, to out: Column) {
    let text = String(decoding: bytes, as: UTF8.self)
    let matches = text.matches(of: regex)
    if matches.isEmpty { return out.addBytes(bytes) }
    var position = text.startIndex
    for match in matches where !match.range.isEmpty {
      out.addText(String(text[position..<match.range.lowerBound]))
      out.addText("***")
      position = match.range.upperBound
    }
    out.addText(String(text[position...]))
  }
}
