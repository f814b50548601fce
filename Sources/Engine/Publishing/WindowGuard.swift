internal import Compute
internal import Model
internal import Sinks

/// Refuses result rows outside the span that `replace_window` replaces: they would be inserted
/// again by every run and deleted by none.
struct WindowGuard {
  private let column: Int
  private let name: String
  private let range: Range<Int64>
  private let place: Place

  /// `nil` where the target has no window.
  init?(_ target: TableTarget, result: [ColumnSchema]) {
    guard let window = target.window, let column = result.firstIndex(where: { $0.name == window.column }),
      let lower = WindowGuard.number(window.lower), let upper = WindowGuard.number(window.upper)
    else { return nil }
    self.column = column
    name = window.column
    range = lower..<upper
    place = target.place
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
      if values.isValid(row), range.contains(values.integers[row]) { continue }
      throw Fault(
        "outside_window", .check,
        "A result row has \(name) = \(values.value(at: row).postgresText ?? "NULL"), outside the window that this run replaces",
        place: place,
        hint:
          "Filter the source by `${window.start}` and `${window.end}`, in the zone that `\(name)` is derived in"
      )
    }
  }
}
