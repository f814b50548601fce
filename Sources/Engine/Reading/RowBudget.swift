/// Lets so many rows through a second: a token bucket (ITU-T I.371) that holds a quarter of a second's
/// worth.
///
/// More may be taken than is there, since rows come in pieces; the debt is paid by waiting.
struct RowBudget {
  private let perSecond: Double
  private var rows: Double
  private var last: ContinuousClock.Instant

  init(perSecond: Int, now: ContinuousClock.Instant) {
    self.perSecond = Double(perSecond)
    rows = self.perSecond / 4
    last = now
  }

  /// Takes rows that have come.
  /// - Returns: how long to wait before the next ones.
  mutating func take(_ taken: Int64, now: ContinuousClock.Instant) -> Duration {
    let elapsed = max(0, (now - last) / .seconds(1))
    last = max(last, now)
    rows = min(rows + elapsed * perSecond, perSecond / 4) - Double(taken)
    return rows >= 0 ? .zero : .seconds(-rows / perSecond)
  }
}
