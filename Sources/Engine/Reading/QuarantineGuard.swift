internal import Model
internal import StateStore

/// Holds a run to its quarantine limits.
///
/// Limits are judged on totals that the checkpoint's own transaction returned, so they are exact
/// however many chunks are saved at once and however often the run was resumed.
struct QuarantineGuard {
  var limit: ErrorRules.QuarantineLimit
  var run: RunID

  private var hint: String {
    "`tidemark quarantine show \(run)` lists them with their reasons; mend the data, the job or the limit"
  }

  /// After each checkpoint: the number alone can only rise.
  /// - Throws: `Fault` `quarantine_limit`.
  func check(_ totals: RunTotals) throws(Fault) {
    guard let maximum = limit.maximumRows, totals.rows.quarantined > maximum else { return }
    throw Fault(
      "quarantine_limit", .quarantine,
      "\(totals.rows.quarantined) rows were rejected, more than `max_rows: \(maximum)` allows",
      place: limit.place, hint: hint)
  }

  /// When all chunks are done: only then is the share known.
  /// - Throws: `Fault` `quarantine_limit`.
  func checkAll(_ totals: RunTotals) throws(Fault) {
    try check(totals)
    guard let share = limit.maximumSharePPM else { return }
    let (rejected, read) = (totals.rows.quarantined, totals.rows.read)
    // Exact: rejected / read > share / 1,000,000.
    let isOver =
      Int128(rejected) * 1_000_000 > Int128(read) * Int128(share)
    if isOver {
      throw Fault(
        "quarantine_limit", .quarantine,
        "\(rejected) of \(read) rows were rejected, more than `max_share: \(QuarantineGuard.percent(share))` allows",
        place: limit.place, hint: hint)
    }
  }

  /// `0.1%` of 1000 parts per million.
  static func percent(_ partsPerMillion: Int) -> String {
    let whole = partsPerMillion / 10_000
    let rest = partsPerMillion % 10_000
    if rest == 0 { return "\(whole)%" }
    var digits = "\(rest)"
    digits = String(repeating: "0", count: 4 - digits.count) + digits
    while digits.hasSuffix("0") { digits.removeLast() }
    return "\(whole).\(digits)%"
  }
}
