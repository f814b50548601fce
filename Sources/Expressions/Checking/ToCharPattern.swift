internal import Model

/// Says which `to_char` patterns are reproduced: those that do not depend on a locale.
enum ToCharPattern {
  /// Those for which Postgres reckons an interval as a date that means nothing.
  private static let days: Set<String> = ["IYYY", "IYY", "IY", "I", "IDDD", "IW", "J"]

  /// Why `pattern` is not taken for `type`; `nil` where it is.
  static func fault(_ pattern: String, for type: SQLType) -> String? {
    let isTime = type == .timestamp || type == .timestamptz || type == .interval
    var lexer = ToCharLexer(Array(pattern.utf8), isTime ? .times : .numbers)
    while true {
      let rest = lexer.rest
      // Postgres takes the second for a text of its own, and `SP` for a word that it knows.
      if isTime && rest.starts(with: "FMFM".utf8) || !isTime && rest.starts(with: "SP".utf8) {
        return unknown(rest)
      }
      switch lexer.next() {
      case nil: return nil
      case .quoted:
        if lexer.isUnclosed { return "The pattern has an unclosed `\"`" }
      case .bare: break
      case .word(let word):
        if type == .interval && days.contains(word) {
          return "`to_char` does not take `\(word)` of an interval, which has no date"
        }
      case .other(let byte):
        let isLetter =
          SQLScanner.isIdentifierStart(byte) || SQLScanner.isDigit(byte) || byte == UInt8(ascii: "\\")
        if isLetter || !isTime && byte != UInt8(ascii: " ") { return unknown(rest) }
      }
    }
  }

  private static func unknown(_ rest: ArraySlice<UInt8>) -> String {
    "`to_char` does not take the pattern at `\(String(decoding: rest.prefix(6), as: UTF8.self))`"
  }
}
