package import Model
package import Timetable

extension FireLedger {
  /// How to begin with a fire that has been claimed.
  package enum Beginning: Hashable, Sendable {
    /// Nothing has made its interval yet.
    case run
    /// An earlier fire made the interval; this one makes it again.
    case runAgain
    /// Somebody began to make it since the fire came: the fire closes as `already_done`.
    case alreadyDone
  }

  /// - Parameter readSince: when the newest successful run for the fire's interval began to read: what came after that
  ///   it may not have seen, whenever it ended. `nil` where there is none.
  package func beginning(of fire: Instant, readSince: Instant?) -> Beginning {
    guard let readSince else { return .run }
    return readSince < fire ? .runAgain : .alreadyDone
  }

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
  /// The outcomes that `self` may be followed by: once closed, none.
  package var next: Set<FireOutcome> {
    switch self {
    case .pending:
      [
        .claimed, .skippedRunning, .superseded, .notReady, .upstreamFailed, .paused, .alreadyDone,
        .cancelled, .failedToStart, .ran,
      ]
    case .claimed: [.ran, .late, .caughtUp, .failed, .cancelled, .failedToStart, .alreadyDone]
    default: []
    }
  }

  /// What a fire may enter the ledger with.
  package static let first: Set<FireOutcome> = [.pending, .superseded, .outsideWindow, .paused]
}
