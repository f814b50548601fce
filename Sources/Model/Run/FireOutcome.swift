/// How a nominal fire ended, or that it has not yet.
package enum FireOutcome: String, Hashable, Sendable, CaseIterable {
  case pending, claimed
  case ran, late
  case caughtUp = "caught_up"
  case skippedRunning = "skipped_running"
  case superseded
  case outsideWindow = "outside_window"
  case notReady = "not_ready"
  case upstreamFailed = "upstream_failed"
  case paused
  case alreadyDone = "already_done"
  case cancelled, failed
  case failedToStart = "failed_to_start"

  package var isOpen: Bool { self == .pending || self == .claimed }
}
