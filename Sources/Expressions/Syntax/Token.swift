internal import Model

/// One token of an expression, decoded.
struct Token {
  var kind: Kind
  /// UTF-8 offsets in the source.
  var range: Range<Int>

  enum Kind: Hashable {
    /// Folded to lower case as Postgres folds: ASCII letters only.
    case word(String)
    case quotedName(String)
    case string(String)
    case number(String)
    case operation(String)
    case punctuation(String)
    case reference(Reference)
    case end
  }

  /// How a fault names it.
  var shown: String {
    switch kind {
    case .word(let text), .number(let text), .operation(let text), .punctuation(let text): "`\(text)`"
    case .quotedName(let name): "`\"\(name)\"`"
    case .string: "a string"
    case .reference(let reference): "`${\(reference.spelling)}`"
    case .end: "the end"
    }
  }
}
