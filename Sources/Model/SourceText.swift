/// A text taken out of a file, with enough of its layout kept that an offset inside the
/// text can be turned back into a place in the file.
package struct SourceText: Hashable, Sendable {
  package var text: String
  package var file: String
  /// The points from which the text and the file go on in step, letter by letter, by rising offset. The first
  /// has offset 0. Indentation that was cut off, escapes and folded lines each begin a new one.
  package var anchors: [Anchor]

  package struct Anchor: Hashable, Sendable {
    /// In the text's UTF-8.
    package var offset: Int
    package var line: Int
    package var column: Int

    package init(offset: Int, line: Int, column: Int) {
      self.offset = offset
      self.line = line
      self.column = column
    }
  }

  package init(text: String, file: String, anchors: [Anchor]) {
    self.text = text
    self.file = file
    self.anchors = anchors.isEmpty ? [Anchor(offset: 0, line: 1, column: 1)] : anchors
  }

  /// A text that stands in no file; `origin` is what errors name instead.
  package init(_ text: String, origin: String = "(given)") {
    self.init(text: text, file: origin, anchors: [])
  }

  package var place: Place {
    Place(file: file, line: anchors[0].line, column: anchors[0].column)
  }

  /// The place of the byte at `offset` in the text's UTF-8. Offsets past the end give the end.
  package func place(atUTF8Offset offset: Int) -> Place {
    let anchor = anchors.last { $0.offset <= offset } ?? anchors[0]
    var place = Place(file: file, line: anchor.line, column: anchor.column)
    let bytes = text.utf8.span
    for at in min(anchor.offset, bytes.count)..<max(min(anchor.offset, bytes.count), min(offset, bytes.count))
    {
      if bytes[at] == UInt8(ascii: "\n") {
        place.line += 1
        place.column = 1
      } else if bytes[at] & 0xC0 != 0x80 {
        place.column += 1
      }
    }
    return place
  }

  /// The part of the text between two UTF-8 offsets, as a text of its own that knows its places.
  package subscript(utf8 range: Range<Int>) -> SourceText {
    let lower = text.utf8.index(text.startIndex, offsetBy: range.lowerBound)
    let upper = text.utf8.index(lower, offsetBy: range.count)
    let start = place(atUTF8Offset: range.lowerBound)
    let first = Anchor(offset: 0, line: start.line, column: start.column)
    let later = anchors.filter { $0.offset > range.lowerBound && $0.offset < range.upperBound }
      .map { Anchor(offset: $0.offset - range.lowerBound, line: $0.line, column: $0.column) }
    return SourceText(text: String(text[lower..<upper]), file: file, anchors: [first] + later)
  }
}

/// Finds the places of many offsets of one text, in rising order, in one pass.
package struct PlaceCursor {
  private let source: SourceText
  private var index: String.Index
  private var offset = 0
  private var nextAnchor = 0
  private var place: Place

  package init(_ source: SourceText) {
    self.source = source
    index = source.text.startIndex
    place = source.place
  }

  /// The place of the byte at `offset`, which is not before the one asked for last. Offsets past the end give
  /// the end.
  package mutating func place(atUTF8Offset wanted: Int) -> Place {
    takeAnchors()
    let scalars = source.text.unicodeScalars
    while offset < wanted, index < scalars.endIndex {
      if scalars[index] == "\n" {
        place.line += 1
        place.column = 1
      } else {
        place.column += 1
      }
      offset += UTF8.width(scalars[index])
      index = scalars.index(after: index)
      takeAnchors()
    }
    return place
  }

  private mutating func takeAnchors() {
    while nextAnchor < source.anchors.count, source.anchors[nextAnchor].offset <= offset {
      place.line = source.anchors[nextAnchor].line
      place.column = source.anchors[nextAnchor].column
      nextAnchor += 1
    }
  }
}
