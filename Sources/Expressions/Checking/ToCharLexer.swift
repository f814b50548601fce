/// Cuts a `to_char` pattern into its pieces.
///
/// Source: `parse_format` of Postgres's `formatting.c`.
package struct ToCharLexer {
  package enum Piece {
    /// What stands between quotes.
    case quoted([UInt8])
    /// `FM`
    case bare
    /// One of the vocabulary's.
    case word(String)
    case other(UInt8)
  }

  /// The words of a type's patterns.
  package struct Vocabulary: Sendable {
    /// Longer words before those that they begin with.
    fileprivate let words: [(text: String, bytes: [UInt8])]

    private init(_ words: String) {
      self.words = words.split(separator: " ").map { (String($0), Array($0.utf8)) }
        .sorted { $0.bytes.count > $1.bytes.count }
    }

    package static let times = Vocabulary(
      """
      HH24 HH12 HH MI SSSSS SSSS SS MS US AM PM am pm A.M. P.M. a.m. p.m. Y,YYY YYYY YYY YY Y IYYY IYY IY I \
      MONTH Month month MON Mon mon MM DAY Day day DY Dy dy DDD DD D IDDD ID WW IW W CC J Q
      """)
    package static let numbers = Vocabulary("9 0 . , MI PL SG PR S V")
  }

  private let vocabulary: Vocabulary
  package private(set) var rest: ArraySlice<UInt8>
  /// The quotes of the last piece are not closed.
  package private(set) var isUnclosed = false

  package init(_ pattern: [UInt8], _ vocabulary: Vocabulary) {
    self.vocabulary = vocabulary
    rest = pattern[...]
  }

  package mutating func next() -> Piece? {
    guard let first = rest.first else { return nil }
    if first == UInt8(ascii: "\"") { return .quoted(quoted()) }
    if rest.starts(with: "FM".utf8) {
      rest = rest.dropFirst(2)
      return .bare
    }
    if let word = vocabulary.words.first(where: { rest.starts(with: $0.bytes) }) {
      rest = rest.dropFirst(word.bytes.count)
      return .word(word.text)
    }
    rest = rest.dropFirst()
    return .other(first)
  }

  private mutating func quoted() -> [UInt8] {
    var text: [UInt8] = []
    rest = rest.dropFirst()
    while let inner = rest.first, inner != UInt8(ascii: "\"") {
      if inner == UInt8(ascii: "\\"), rest.count > 1 { rest = rest.dropFirst() }
      if let next = rest.first { text.append(next) }
      rest = rest.dropFirst()
    }
    isUnclosed = rest.isEmpty
    rest = rest.dropFirst()
    return text
  }
}
