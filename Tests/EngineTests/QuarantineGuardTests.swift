import Model
import StateStore
import Testing

@testable import Engine

/// Limits hold to the row.
@Suite struct QuarantineGuardTests {
  private func totals(rejected: Int64, of read: Int64) -> RunTotals {
    var rows = RowCounts()
    rows.read = read
    rows.quarantined = rejected
    return RunTotals(chunks: 1, rows: rows)
  }

  private func isOver(_ limit: ErrorRules.QuarantineLimit, _ rejected: Int64, of read: Int64) -> Bool {
    do {
      try QuarantineGuard(limit: limit, run: RunID("r1")).checkAll(totals(rejected: rejected, of: read))
      return false
    } catch {
      #expect(error.code == "quarantine_limit")
      #expect(error.kind.exitCode == .quarantineLimit)
      #expect(error.hint?.hasPrefix("`tidemark quarantine show r1` lists them") == true)
      return true
    }
  }

  @Test func rows() {
    let limit = ErrorRules.QuarantineLimit(maximumRows: 10, maximumSharePPM: nil)
    #expect(!isOver(limit, 10, of: 10))
    #expect(isOver(limit, 11, of: 1_000_000))
    #expect(isOver(.init(maximumRows: 0, maximumSharePPM: nil), 1, of: 1))
    #expect(!isOver(.init(maximumRows: nil, maximumSharePPM: nil), .max, of: .max))
  }

  @Test func shares() {
    let limit = ErrorRules.QuarantineLimit(maximumRows: nil, maximumSharePPM: 1000)
    #expect(!isOver(limit, 1, of: 1000))
    #expect(isOver(limit, 1, of: 999))
    #expect(!isOver(limit, 0, of: 0))
    #expect(isOver(limit, .max, of: .max))
    #expect(!isOver(.init(maximumRows: nil, maximumSharePPM: 1_000_000), .max, of: .max))
    #expect(isOver(.init(maximumRows: nil, maximumSharePPM: 0), 1, of: .max))
    // Whichever trips first.
    #expect(isOver(.init(maximumRows: 1, maximumSharePPM: 1_000_000), 2, of: 2))
  }

  @Test func theShareIsOnlyJudgedAtTheEnd() throws {
    let limit = ErrorRules.QuarantineLimit(maximumRows: nil, maximumSharePPM: 1)
    try QuarantineGuard(limit: limit, run: RunID("r1")).check(totals(rejected: 5, of: 5))
  }

  @Test(arguments: [
    (1000, "0.1%"), (1, "0.0001%"), (10_000, "1%"), (12_500, "1.25%"), (1_000_000, "100%"), (0, "0%"),
    (10_010, "1.001%"),
  ])
  func percentages(_ share: Int, _ text: String) {
    #expect(QuarantineGuard.percent(share) == text)
  }
}
