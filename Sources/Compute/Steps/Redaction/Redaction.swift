internal import Expressions
internal import Model

/// Replaces every match of a regular expression by `***`. A text without a match is copied as it is.
final class Redaction {
  private let search: PatternSearch

  /// - Throws: `Fault` `bad_pattern`.
  init(_ pattern: String, place: Place) throws(Fault) {
    search = PatternSearch(
      try TextPattern(
        parsing: SourceText(
          text: pattern, file: place.file, anchors: [.init(offset: 0, line: place.line, column: place.column)]
        )))
  }

  func apply(_ bytes: UnsafeBufferPointer<UInt8>, to out: Column) {
    var position = 0
    search.forEachMatch(in: bytes) { match in
      out.addBytes(UnsafeBufferPointer(rebasing: bytes[position..<match.lowerBound]))
      out.addBytes(repeating: UInt8(ascii: "*"), count: 3)
      position = match.upperBound
    }
    out.addBytes(UnsafeBufferPointer(rebasing: bytes[position...]))
  }
}
