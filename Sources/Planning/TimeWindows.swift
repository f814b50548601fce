internal import Model

/// Ranges of a time column: windows of one length between two bounds, open at both ends, and the
/// rows without a time.
struct TimeWindows {
  var relation: SQLText
  var column: Identifier
  var type: SQLType
  var isNullable: Bool

  /// Asks Postgres for the windows' starts, so that months and days are its own; at most
  /// `ChunkChooser.maximumChunks` of them. Windows start between 4700 BC and the year 200000: a date may lie beyond all
  /// timestamps, and a step lead there.
  func boundaryQuery(filter: SQLText?, span: CalendarAmount) -> SQLText {
    let amount = CalendarInterval(
      months: Int32(clamping: span.months), days: Int32(clamping: span.days),
      microseconds: span.microseconds)
    let step: SQLText = "\(literal: .interval(amount))"
    let condition: SQLText = filter.map { " AND \($0)" } ?? ""
    let finite: SQLText = "isfinite(\(column))"
    return """
      SELECT (generate_series(date_trunc('hour', low), high, \(step)))::\(type: type) FROM (SELECT \
      \(bounded("min")) AS low, \(bounded("max")) AS high FROM \(relation) \
      WHERE \(finite)\(condition) HAVING count(*) > 0) AS ends LIMIT \(ChunkChooser.maximumChunks)
      """
  }

  private func bounded(_ end: SQLText) -> SQLText {
    "greatest(least(\(end)(\(column)), '200000-01-01'), '4700-01-01 BC')::\(type: seriesType)"
  }

  private var seriesType: SQLType { type == .timestamptz ? .timestamptz : .timestamp }

  func ranges(starts: [[String?]]) -> [ChunkRange] {
    let key = KeyRanges(
      columns: [KeyRanges.Column(name: column, type: type, isNullable: isNullable, collation: nil)],
      relation: relation)
    // The first window is open below, so its start is no boundary.
    return key.ranges(boundaries: Array(starts.dropFirst()))
  }
}
