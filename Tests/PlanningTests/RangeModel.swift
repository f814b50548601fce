@testable import Planning

/// Evaluates the predicates that ranges make, over rows of small integers, as Postgres would: three
/// values, rows compared column by column.
struct RangeModel {
  var columns: [String]

  /// Whether the row is in the range: unknown is not true.
  func holds(_ predicate: String?, _ row: [Int?]) -> Bool {
    guard let predicate else { return true }
    let cells = Dictionary(uniqueKeysWithValues: zip(columns, row))
    return Self.pieces(predicate, by: " AND ").allSatisfy { clause in
      if clause.contains(" IS NULL") {
        return Self.between(clause, "\"").contains { (cells[$0] ?? nil) == nil }
      }
      let names = Self.between(clause, "\"")
      let values = names.map { cells[$0] ?? nil }
      if clause.hasSuffix(" IS NOT NULL") { return values[0] != nil }
      let limits = Self.between(clause, "'").map { Int($0) }
      guard let order = Self.compare(values, limits) else { return false }
      return clause.contains(" >= ") ? order >= 0 : order < 0
    }
  }

  /// `nil` where a NULL stands before the first difference.
  private static func compare(_ left: [Int?], _ right: [Int?]) -> Int? {
    for (left, right) in zip(left, right) {
      guard let left, let right else { return nil }
      if left != right { return left < right ? -1 : 1 }
    }
    return 0
  }

  private static func between(_ text: String, _ mark: Character) -> [String] {
    text.split(separator: mark, omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }

  private static func pieces(_ text: String, by mark: String) -> [String] {
    var pieces: [String] = [""]
    var rest = text[...]
    while !rest.isEmpty {
      if rest.hasPrefix(mark) {
        rest = rest.dropFirst(mark.count)
        pieces.append("")
      } else {
        pieces[pieces.count - 1].append(rest.removeFirst())
      }
    }
    return pieces
  }
}
