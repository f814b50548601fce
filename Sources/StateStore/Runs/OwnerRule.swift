internal import Model

/// How it is known whether a run's owner lives.
enum OwnerRule: Sendable {
  /// It holds the lock on the run's file; the system frees it when the process ends.
  case lockFiles(RunLocks)
  /// It renews a lease, in the database's time.
  case leases(Duration)

  /// Whether a run may be taken, from its facts.
  ///
  /// A lock file decides by itself: who calls this with lock files has the lock already. A lease
  /// that ends at this very moment has ended.
  static func decide(state: RunState, owner: Owner?, leaseUntil: Instant?, now: Instant) -> ClaimDecision {
    if state.isFinal { return .over }
    if let leaseUntil, leaseUntil > now { return .held(by: owner) }
    return .take
  }
}

enum ClaimDecision: Hashable {
  case take
  case held(by: Owner?)
  case over
}
