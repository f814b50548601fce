/// Where a run stands. The legal moves are `RunState.next`, drawn in docs/states.md.
package enum RunState: String, Hashable, Sendable, CaseIterable {
  case planned, running, merging, prepared, publishing, succeeded
  case failed, cancelled, superseded, interrupted

  /// The states that `self` may move to while no sink has committed.
  package var next: Set<RunState> {
    switch self {
    case .planned: [.running, .failed, .cancelled, .superseded, .interrupted]
    case .running: [.merging, .failed, .cancelled, .superseded, .interrupted]
    case .merging: [.running, .prepared, .failed, .cancelled, .superseded, .interrupted]
    case .prepared: [.running, .merging, .publishing, .failed, .cancelled, .superseded, .interrupted]
    // No way back on its own: a commit may have happened whose answer was lost. Whether it did
    // is asked of the target's ledger, after `failed` or `interrupted`.
    case .publishing: [.succeeded, .failed, .interrupted]
    // To themselves and each other: tried again, and stopped before it came anywhere.
    case .failed, .interrupted:
      [.running, .merging, .publishing, .superseded, .cancelled, .failed, .interrupted]
    case .succeeded, .cancelled, .superseded: []
    }
  }

  /// Whether a run may move from `self` to `other`.
  /// - Parameter pastFirstCommit: a sink of the run has committed. From there a run only goes
  ///   forward: it may stop and go on with publishing, but neither read again nor be given up.
  /// - Parameter givingUpRest: somebody wants it over all the same, with what it has published left as it is.
  package func mayMove(to other: RunState, pastFirstCommit: Bool, givingUpRest: Bool = false) -> Bool {
    guard next.contains(other) else { return false }
    if !pastFirstCommit { return true }
    switch other {
    case .publishing, .succeeded, .failed, .interrupted: return true
    case .cancelled: return givingUpRest
    case .planned, .running, .merging, .prepared, .superseded: return false
    }
  }

  /// No more work will be done unless somebody asks for a new run.
  package var isFinal: Bool { next.isEmpty }
}
