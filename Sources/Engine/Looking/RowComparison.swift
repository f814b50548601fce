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
  ///   - ignoringSurplus: rows that were published, and not computed, are no difference.
  package mutating func compare(published: [[String?]], computed: [[String?]], ignoringSurplus: Bool) {
    // Rows of one key in a list of their own: what has no key may stand there several times.
    var open: [[String?]: [[String?]]] = [:]
    for row in published { open[name(row), default: []].append(row) }
    for row in computed {
      guard let other = open[name(row)]?.popLast() else {
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
    if ignoringSurplus { return }
    for rows in open.values {
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
