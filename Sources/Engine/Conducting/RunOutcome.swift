package import StateStore

/// How a request to run ended, when it did not fail.
package enum RunOutcome: Sendable {
  case succeeded(RunSummary)
  /// That identity had succeeded before, and no new revision was asked for.
  case alreadyDone(RunRecord)
  /// Somebody else took or closed the fire first.
  case fireTaken(FireRecord)
}
