/// Holds published rows to computed ones, by their key, value by value.
package struct RowComparison {
  private let columns: [String]
  /// Columns whose values are not shown.
  private let hidden: Set<Int>
  /// Columns that name a row; all of them where nothing does, and then rows are counted.
  private let key: [Int]
  package private(set) var equal = 0
  package private(set) var differing = 0
  package private(set) var shown: [Verification.Difference] = []

  package static let maximumShown = 20

  package init(columns: [String], hidden: Set<Int>, key: [Int]) {
    self.columns = columns
    self.hidden = hidden
    self.key = key.isEmpty ? Array(columns.indices) : key
  }

  /// - Parameters:
  ///   - published, computed: rows as texts, NULL as `nil`, their columns in the order of `columns`.
  ///   - ignoringSurplus: rows that were published under a key that none of the computed has are no difference.
  package mutating func compare(published: [[String?]], computed: [[String?]], ignoringSurplus: Bool) {
    // Rows of one key in a list of their own: what has no key may stand there several times.
    var open: [[String?]: [[String?]]] = [:]
    for row in published { open[name(row), default: []].append(row) }
    var names: Set<[String?]> = []
    for row in computed {
      let name = name(row)
      names.insert(name)
      // Of several the one that is equal, so that what is left over does not hang on their order.
      guard let found = open[name]?.lastIndex(of: row) ?? open[name]?.indices.last,
        let other = open[name]?.remove(at: found)
      else {
        add(.init(row: text(row), kind: .missing))
        continue
      }
      let different = columns.indices.filter { row[$0] != other[$0] }
      if different.isEmpty { equal += 1 } else { differing += 1 }
      for column in different where shown.count < RowComparison.maximumShown {
        shown.append(
          .init(
            row: text(row), column: columns[column], published: value(other, column),
            computed: value(row, column), kind: .value))
      }
    }
    for (name, rows) in open where !ignoringSurplus || names.contains(name) {
      for row in rows { add(.init(row: text(row), kind: .surplus)) }
    }
  }

  private mutating func add(_ difference: Verification.Difference) {
    differing += 1
    if shown.count < RowComparison.maximumShown { shown.append(difference) }
  }

  private func name(_ row: [String?]) -> [String?] { key.map { row[$0] } }

  private func value(_ row: [String?], _ column: Int) -> String? {
    hidden.contains(column) ? "(not shown)" : row[column]
  }

  private func text(_ row: [String?]) -> String {
    key.map { "\(columns[$0])=\(value(row, $0) ?? "NULL")" }.joined(separator: " ")
  }
}
