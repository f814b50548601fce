/// Where a run stands. The legal moves are `RunState.next`, drawn in docs/states.md.
package enum RunState: String, Hashable, Sendable, CaseIterable {
  case planned, running, merging, prepared, publishing, succeeded
  case failed, cancelled, superseded, interrupted

  /// The states that `self` may move to.
  package var next: Set<RunState> {
    switch self {
    case .planned: [.running, .failed, .cancelled, .superseded, .interrupted]
    case .running: [.merging, .failed, .cancelled, .superseded, .interrupted]
    case .merging: [.running, .prepared, .failed, .cancelled, .superseded, .interrupted]
    case .prepared: [.running, .merging, .publishing, .failed, .cancelled, .superseded, .interrupted]
    // Past the first committed sink a run only goes forward.
    case .publishing: [.succeeded, .failed, .interrupted]
    case .failed, .interrupted, .cancelled:
      [.running, .merging, .publishing, .superseded, .cancelled]
    case .succeeded, .superseded: []
    }
  }

  /// No more work will be done unless somebody asks for a new run.
  package var isFinal: Bool { self == .succeeded || self == .superseded || self == .cancelled }
}
