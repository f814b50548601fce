/// A position in a file that a person wrote: what an error points at.
package struct Place: Hashable, Sendable {
  /// The file as the caller named it, or a description such as `--set`.
  package var file: String
  /// One-based.
  package var line: Int
  /// One-based, counted in Unicode scalars.
  package var column: Int

  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }
}

/// A text taken out of a file, with enough of its layout kept that an offset inside the
/// text can be turned back into a place in the file.
package struct SourceText: Hashable, Sendable {
  package var text: String
  package var file: String
  /// Where each line of `text` begins in the file, first line first. Never empty.
  package var lineStarts: [LineStart]

  package struct LineStart: Hashable, Sendable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
      self.line = line
      self.column = column
    }
  }

  package init(text: String, file: String, lineStarts: [LineStart]) {
    self.text = text
    self.file = file
    self.lineStarts = lineStarts.isEmpty ? [LineStart(line: 1, column: 1)] : lineStarts
  }

  /// A text that stands in no file; `origin` is what errors name instead.
  package init(_ text: String, origin: String = "(given)") {
    self.init(text: text, file: origin, lineStarts: [LineStart(line: 1, column: 1)])
  }

  package var place: Place {
    Place(file: file, line: lineStarts[0].line, column: lineStarts[0].column)
  }

  /// The place of the byte at `offset` in the text's UTF-8. Offsets past the end give the end.
  package func place(atUTF8Offset offset: Int) -> Place {
    var line = 0
    var column = 0
    for (index, scalar) in zip(text.unicodeScalars.indices, text.unicodeScalars) {
      if text.utf8.distance(from: text.startIndex, to: index) >= offset { break }
      if scalar == "\n" {
        line += 1
        column = 0
      } else {
        column += 1
      }
    }
    if line < lineStarts.count {
      let start = lineStarts[line]
      return Place(file: file, line: start.line, column: start.column + column)
    }
    let last = lineStarts[lineStarts.count - 1]
    return Place(file: file, line: last.line + line - lineStarts.count + 1, column: 1 + column)
  }
}
