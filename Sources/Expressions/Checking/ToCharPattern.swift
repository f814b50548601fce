internal import Model

/// Says which `to_char` patterns are reproduced: those that do not depend on a locale.
enum ToCharPattern {
  private static let times: [String] = [
    "HH24", "HH12", "HH", "MI", "SSSSS", "SSSS", "SS", "MS", "US", "AM", "PM", "am", "pm", "A.M.", "P.M.",
    "a.m.",
    "p.m.", "YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "I", "MM", "MONTH", "Month", "month", "MON", "Mon",
    "mon", "DDD", "DD", "DAY", "Day", "day", "DY", "Dy", "dy", "IDDD", "ID", "D", "WW", "IW", "W", "CC", "J",
    "Q",
  ]
  /// Those for which Postgres reckons an interval as a date that means nothing.
  private static let days: Set<String> = ["IYYY", "IYY", "IY", "I", "IDDD", "IW", "J"]
  private static let numbers: [String] = ["9", "0", ".", ",", "MI", "S", "PL", "SG", "PR", "V"]

  /// Why `pattern` is not taken for `type`; `nil` where it is.
  static func fault(_ pattern: String, for type: SQLType) -> String? {
    let isTime = type == .timestamp || type == .timestamptz || type == .interval
    let known = (isTime ? times : numbers).sorted { $0.utf8.count > $1.utf8.count }
    let refused = type == .interval ? days : []
    var rest = Array(pattern.utf8)[...]
    while let first = rest.first {
      if first == UInt8(ascii: "\"") {
        rest.removeFirst()
        while let inner = rest.first, inner != UInt8(ascii: "\"") {
          rest.removeFirst(inner == UInt8(ascii: "\\") ? min(2, rest.count) : 1)
        }
        if rest.isEmpty { return "The pattern has an unclosed `\"`" }
        rest.removeFirst()
        continue
      }
      // Postgres takes the second for a text of its own, and `SP` for a word that it knows.
      if isTime && rest.starts(with: "FMFM".utf8) || !isTime && rest.starts(with: "SP".utf8) {
        return unknown(rest)
      }
      if rest.starts(with: "FM".utf8) {
        rest.removeFirst(2)
        continue
      }
      if let word = known.first(where: { rest.starts(with: $0.utf8) }) {
        if refused.contains(word) {
          return "`to_char` does not take `\(word)` of an interval, which has no date"
        }
        rest.removeFirst(word.utf8.count)
        continue
      }
      let isLetter =
        SQLScanner.isIdentifierStart(first) || SQLScanner.isDigit(first) || first == UInt8(ascii: "\\")
      if isLetter || !isTime && first != UInt8(ascii: " ") { return unknown(rest) }
      rest.removeFirst()
    }
    return nil
  }

  private static func unknown(_ rest: ArraySlice<UInt8>) -> String {
    "`to_char` does not take the pattern at `\(String(decoding: rest.prefix(6), as: UTF8.self))`"
  }
}
