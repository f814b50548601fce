/// Where in a file a part of an `SQLText` was written.
struct SQLOrigin: Sendable {
  /// In the SQL's UTF-8.
  var range: Range<Int>
  var source: SourceText
  /// Of the part's first byte, in the source's UTF-8.
  var offset: Int

  func moved(by distance: Int) -> SQLOrigin {
    SQLOrigin(
      range: range.lowerBound + distance..<range.upperBound + distance, source: source, offset: offset)
  }
}

extension SQLText {
  /// Adds SQL with what is known of where it was written.
  mutating func append(_ sql: SQLText) {
    let start = text.utf8.count
    text += sql.text
    origins += sql.origins.map { $0.moved(by: start) }
  }

  /// Adds a part of `source`, which begins at `offset` in its UTF-8.
  package mutating func append(_ part: String, of source: SourceText, at offset: Int) {
    let start = text.utf8.count
    text += part
    let range = start..<text.utf8.count
    if let last = origins.last, last.range.upperBound == start, last.offset + last.range.count == offset,
      last.source == source
    {
      origins[origins.count - 1].range = last.range.lowerBound..<range.upperBound
    } else {
      origins.append(SQLOrigin(range: range, source: source, offset: offset))
    }
  }

  /// Adds SQL that stands for what was written at one place.
  package mutating func append(_ sql: SQLText, writtenAt place: Place) {
    let mark = SourceText(
      text: "", file: place.file, anchors: [.init(offset: 0, line: place.line, column: place.column)])
    append(sql.text, of: mark, at: 0)
  }

  /// Where the letter was written that is the SQL's `number`th.
  /// - Parameter number: from 1, in Unicode scalars, as servers count.
  /// - Returns: `nil` where that is not known: Tidemark itself has written it.
  package func place(ofLetter number: Int) -> Place? {
    let letters = text.unicodeScalars
    guard number > 0,
      let index = letters.index(letters.startIndex, offsetBy: number - 1, limitedBy: letters.endIndex)
    else { return nil }
    let offset = text.utf8.distance(from: text.startIndex, to: index)
    guard let origin = origins.last(where: { $0.range.contains(offset) }) else { return nil }
    return origin.source.place(atUTF8Offset: origin.offset + offset - origin.range.lowerBound)
  }
}
