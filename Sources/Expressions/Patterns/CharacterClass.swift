/// A set of characters (Unicode scalars), as regular expressions name them: `[a-z]`, `\d`, `.`.
package struct CharacterClass: Hashable, Sendable {
  package enum Item: Hashable, Sendable {
    case range(ClosedRange<UInt32>)
    case named(Name, isNegated: Bool)
    case line
  }

  /// What has a name of its own, by Unicode's properties.
  package enum Name: String, Hashable, Sendable, CaseIterable {
    case digit, space, word, alpha, alnum, upper, lower, punct, cntrl, xdigit, blank
  }

  package var items: [Item]
  package var isNegated: Bool
  /// Under `(?i)`: a character is in the set where its upper or lower case is.
  package var ignoresCase: Bool

  init(_ items: [Item], isNegated: Bool = false, ignoresCase: Bool = false) {
    self.items = items
    self.isNegated = isNegated
    self.ignoresCase = ignoresCase
  }

  package func contains(_ value: UInt32) -> Bool {
    var isListed = items.contains { Self.holds($0, value) }
    if !isListed, ignoresCase {
      isListed = Self.otherCases(value).contains { other in items.contains { Self.holds($0, other) } }
    }
    return isListed != isNegated
  }

  private static func holds(_ item: Item, _ value: UInt32) -> Bool {
    switch item {
    case .range(let range): range.contains(value)
    case .named(let name, let isNegated): name.holds(value) != isNegated
    case .line: !isLineEnd(value)
    }
  }

  /// What ends a line for `.` and, under `(?m)`, for `^` and `$`.
  package static func isLineEnd(_ value: UInt32) -> Bool { value == 0x0A || value == 0x0D }

  private static func otherCases(_ value: UInt32) -> [UInt32] {
    guard let scalar = Unicode.Scalar(value) else { return [] }
    return [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping].compactMap { text in
      let scalars = text.unicodeScalars
      return scalars.count == 1 ? scalars.first?.value : nil
    }
  }
}

extension CharacterClass.Name {
  package func holds(_ value: UInt32) -> Bool {
    guard let scalar = Unicode.Scalar(value) else { return false }
    let properties = scalar.properties
    switch self {
    case .digit: return properties.generalCategory == .decimalNumber
    case .space: return properties.isWhitespace
    case .word: return Self.isWord(scalar)
    case .alpha: return properties.isAlphabetic
    case .alnum: return properties.isAlphabetic || properties.generalCategory == .decimalNumber
    case .upper: return properties.isUppercase
    case .lower: return properties.isLowercase
    case .punct: return Self.isPunctuation(properties.generalCategory)
    case .cntrl: return properties.generalCategory == .control
    case .xdigit: return scalar.isASCII && properties.isASCIIHexDigit
    case .blank: return value == 0x09 || properties.generalCategory == .spaceSeparator
    }
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: true
    default: scalar.properties.isAlphabetic
    }
  }

  /// Punctuation and symbols, as POSIX has it.
  private static func isPunctuation(_ category: Unicode.GeneralCategory) -> Bool {
    switch category {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol:
      true
    default: false
    }
  }
}
