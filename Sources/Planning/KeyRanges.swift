internal import Model

/// Ranges of an ordered key whose boundaries Postgres found and sorted itself.
///
/// The first range is open below and the last one above, so rows beyond the measured ends are
/// read too; rows with a NULL in any key column are one range of their own. Whatever the
/// boundaries are, every row belongs to exactly one range: a skewed, growing or non-unique key
/// makes ranges of unequal size, never a lost or doubled row.
struct KeyRanges {
  struct Column {
    var name: Identifier
    var type: SQLType
    var isNullable: Bool
    var collation: QualifiedName?

    var sorted: SQLText {
      collation.map { "\(name) COLLATE \($0)" } ?? "\(name)"
    }
  }

  var columns: [Column]
  var relation: SQLText

  /// The query whose rows are the boundaries: keys of a sample, or of all, that are equally far apart.
  func boundaryQuery(filter: SQLText?, samplePercent: Double?, chunks: Int) -> SQLText {
    let names: [SQLText] = columns.map { "\($0.name)" }
    let order: [SQLText] = columns.map { $0.sorted }
    let present: [SQLText] = columns.map { "\($0.name) IS NOT NULL" }
    var conditions = present
    if let filter { conditions.append(filter) }
    var from = relation
    if let samplePercent {
      let percent = SQLText(trusted: "\(samplePercent)")
      from = "\(relation) TABLESAMPLE SYSTEM (\(percent)) REPEATABLE (0)"
    }
    return """
      SELECT \(names) FROM (SELECT \(names), row_number() OVER (ORDER BY \(order)) AS tidemark_n, \
      count(*) OVER () AS tidemark_total FROM \(from) WHERE \(conditions, separator: " AND ")) AS keys \
      WHERE tidemark_n % greatest(tidemark_total / \(chunks), 1) = 0 ORDER BY tidemark_n
      """
  }

  /// The ranges between `boundaries`, which are as the boundary query gave them.
  func ranges(boundaries: [[String?]]) -> [ChunkRange] {
    var distinct: [[String]] = []
    for row in boundaries {
      let key = row.compactMap { $0 }
      if key.count == columns.count, key != distinct.last { distinct.append(key) }
    }
    let present: [SQLText] = columns.filter(\.isNullable).map { "\($0.name) IS NOT NULL" }
    var ranges: [ChunkRange] = []
    for index in 0...distinct.count {
      var conditions = present
      var text = columns.map(\.name.name).joined(separator: ", ")
      if index > 0 {
        conditions.append("\(row) >= \(literal(distinct[index - 1]))")
        text += " from \(distinct[index - 1].joined(separator: ", "))"
      }
      if index < distinct.count {
        conditions.append("\(row) < \(literal(distinct[index]))")
        text += " to before \(distinct[index].joined(separator: ", "))"
      }
      if distinct.isEmpty { text += ": all" }
      ranges.append(
        ChunkRange(
          relation: relation,
          predicate: conditions.isEmpty ? nil : "\(conditions, separator: " AND ")", text: text))
    }
    let absent: [SQLText] = columns.filter(\.isNullable).map { "\($0.name) IS NULL" }
    if !absent.isEmpty {
      ranges.append(
        ChunkRange(
          relation: relation, predicate: "(\(absent, separator: " OR "))",
          text: columns.map(\.name.name).joined(separator: ", ") + " is null"))
    }
    return ranges
  }

  private var row: SQLText {
    columns.count == 1
      ? columns[0].sorted : "(\(columns.map { $0.sorted }, separator: ", "))"
  }

  private func literal(_ key: [String]) -> SQLText {
    let literals: [SQLText] = zip(columns, key).map {
      SQLText.literal(.text($1), as: $0.type)
    }
    return columns.count == 1 ? literals[0] : "(\(literals, separator: ", "))"
  }
}
