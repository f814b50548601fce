package import Model
package import Timetable

extension FireLedger {
  /// The outcome that a claimed fire gets when its run stands at `state`; `nil` while that is not
  /// the end: an interrupted run will be resumed, a superseded one has a successor that the fire
  /// goes over to.
  package func outcome(
    of fire: Fire, enteredAt: Instant, state: RunState, endedAt: Instant, willRetry: Bool
  ) -> FireOutcome? {
    switch state {
    case .planned, .running, .merging, .prepared, .publishing, .interrupted, .superseded: nil
    case .cancelled: .cancelled
    case .failed: willRetry ? nil : .failed
    case .succeeded:
      if isCaughtUp(fire: fire.instant, enteredAt: enteredAt) {
        .caughtUp
      } else if let deadline = deadline(of: fire), endedAt > deadline {
        .late
      } else {
        .ran
      }
    }
  }

  /// When the event `late` is due, under `finish_by:`.
  package func deadline(of fire: Fire) -> Instant? {
    finishBy.map { intervals.fires.deadline(of: fire, finishBy: $0) }
  }
}

extension FireOutcome {
  /// Its run has succeeded.
  var isSuccess: Bool { [.ran, .late, .caughtUp].contains(self) }

  /// The outcomes that `self` may be followed by: once closed, none. A claimed fire is pending again where its run turns
  /// out to have begun to read before it came.
  package var next: Set<FireOutcome> {
    switch self {
    case .pending:
      [
        .claimed, .skippedRunning, .superseded, .notReady, .upstreamFailed, .paused, .alreadyDone,
        .cancelled, .failedToStart, .ran,
      ]
    case .claimed: [.pending, .ran, .late, .caughtUp, .failed, .cancelled, .failedToStart, .alreadyDone]
    default: []
    }
  }

  /// What a fire may enter the ledger with.
  package static let first: Set<FireOutcome> = [.pending, .superseded, .outsideWindow, .paused]
}
