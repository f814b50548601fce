internal import Compute
internal import Model
internal import Sinks

/// Refuses result rows outside the span that `replace_window` replaces: they would be inserted
/// again by every run and deleted by none.
struct WindowGuard {
  private let column: Int
  private let schema: ColumnSchema
  private let range: Range<Int64>
  /// Of what the target's column keeps, in microseconds.
  private let unit: Int64
  private let place: Place

  /// `nil` where the target has no window.
  init?(_ target: TableTarget, result: [ColumnSchema]) {
    guard let window = target.window, let column = result.firstIndex(where: { $0.name == window.column }),
      let lower = WindowGuard.number(window.lower), let upper = WindowGuard.number(window.upper)
    else { return nil }
    self.column = column
    schema = result[column]
    range = lower..<upper
    unit = schema.type == .date ? 1 : (min(window.decimals, 6)..<6).reduce(1) { unit, _ in unit * 10 }
    place = window.place ?? target.place
  }

  /// As Postgres rounds it into the column.
  private func stored(_ moment: Int64) -> Int64 {
    let half = unit / 2
    return (moment >= 0 ? moment + half : moment - half) / unit * unit
  }

  private static func number(_ value: Value) -> Int64? {
    switch value {
    case .date(let days): Int64(days)
    case .timestamp(let microseconds), .timestamptz(let microseconds): microseconds
    default: nil
    }
  }

  /// - Throws: `Fault` `outside_window`.
  func check(_ batch: borrowing Batch) throws(Fault) {
    let values = batch.columns[column]
    for position in 0..<batch.rows.count {
      let row = batch.rows[position]
      let isInside = values.isValid(row) && range.contains(values.integers[row])
      if isInside, range.contains(stored(values.integers[row])) { continue }
      let value = schema.isSensitive ? "a time" : values.value(at: row).postgresText ?? "NULL"
      throw Fault(
        "outside_window", .check,
        "A result row has \(schema.name) = \(value), outside the window that this run replaces", place: place,
        cause: isInside ? "The target's column rounds it out of the window" : nil,
        hint:
          "Filter the source by `${window.start}` and `${window.end}`, in the zone that `\(schema.name)` is derived in"
      )
    }
  }
}
