internal import Model

/// A partition's place among the others of its table, from the bounds that Postgres prints:
/// `FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`, `FOR VALUES IN ('a', 'b')`, `DEFAULT`.
///
/// Numbers are ordered as numbers, other values by their bytes, `MINVALUE` first, the default
/// partition last. Only a readable and lasting order hangs on it, never which rows are read.
struct PartitionBounds: Comparable {
  /// From the outermost level inwards.
  private let levels: [Level]

  private enum Level: Comparable {
    case bounds([Bound])
    case standard

    static func < (left: Level, right: Level) -> Bool {
      switch (left, right) {
      case (.bounds(let left), .bounds(let right)): left.lexicographicallyPrecedes(right)
      case (.bounds, .standard): true
      case (.standard, _): false
      }
    }
  }

  private enum Bound: Comparable {
    case minimum
    case number(Double)
    case text([UInt8])

    static func < (left: Bound, right: Bound) -> Bool {
      switch (left, right) {
      case (.minimum, .minimum): false
      case (.minimum, _): true
      case (_, .minimum): false
      case (.number(let left), .number(let right)): left < right
      case (.text(let left), .text(let right)): left.lexicographicallyPrecedes(right)
      case (.number, .text): true
      case (.text, .number): false
      }
    }
  }

  /// - Parameter text: a JSON array of the printed bounds.
  init(json text: String) throws(Fault) {
    levels = try JSONValue(parsing: text).elements.map { Self.level($0.stringValue ?? "") }
  }

  static func < (left: PartitionBounds, right: PartitionBounds) -> Bool {
    left.levels.lexicographicallyPrecedes(right.levels)
  }

  private static func level(_ text: String) -> Level {
    if text == "DEFAULT" { return .standard }
    // What follows `TO` only repeats the order of what follows `FROM`.
    let lower = text.firstRange(of: ") TO (").map { text[..<$0.lowerBound] } ?? text[...]
    guard let start = lower.firstIndex(of: "(") else { return .standard }
    var bounds: [Bound] = []
    var word = ""
    var isQuoted = false
    for character in lower[lower.index(after: start)...] {
      if character == "'" {
        isQuoted.toggle()
      } else if !isQuoted, character == "," || character == ")" {
        bounds.append(bound(word))
        word = ""
      } else if isQuoted || character != " " {
        word.append(character)
      }
    }
    if !word.isEmpty { bounds.append(bound(word)) }
    return .bounds(bounds)
  }

  private static func bound(_ word: String) -> Bound {
    if word == "MINVALUE" { return .minimum }
    return Double(word).map(Bound.number) ?? .text(Array(word.utf8))
  }
}
