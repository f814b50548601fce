package import Model

/// A regular expression, read: of those that can be searched for in time linear in the text.
///
/// The syntax is what Perl, Swift and Postgres have in common; `docs/jobs.md` lists it. Back references and look-around are
/// not in it, since no matcher is known that takes linear time for them.
package indirect enum TextPattern: Hashable, Sendable {
  /// One character of a set.
  case character(CharacterClass)
  case assertion(Assertion)
  /// One after the other; none is the empty text.
  case sequence([TextPattern])
  /// The first that leads to a match counts.
  case choice([TextPattern])
  /// - Parameter isLazy: as few as lead to a match, instead of as many.
  case repetition(TextPattern, least: Int, most: Int?, isLazy: Bool)

  package enum Assertion: Hashable, Sendable {
    case textStart, textEnd, lineStart, lineEnd
    /// Between a word character and none.
    case wordEdge
    case noWordEdge
  }

  /// How many characters and assertions a pattern may have once its repetitions are written out.
  package static let maximumSize = 1_000
  static let maximumDepth = 100

  /// - Throws: `Fault` `bad_pattern` with the place of what cannot be read.
  package init(parsing source: SourceText) throws(Fault) {
    var parser = TextPatternParser(source)
    self = try parser.pattern()
    if size > Self.maximumSize {
      throw parser.fault("The pattern is too large", at: 0, hint: "Repeat less: {n,m} counts as m copies")
    }
  }

  /// Parts with every repetition written out; more than the maximum is counted as just that.
  private var size: Int {
    switch self {
    case .character, .assertion: return 1
    case .sequence(let parts), .choice(let parts):
      return max(parts.reduce(0) { min($0 + $1.size, Self.maximumSize + 1) }, 1)
    case .repetition(let part, let least, let most, _):
      return min(part.size * max(most ?? least + 1, 1), Self.maximumSize + 1)
    }
  }
}
