package import Model

/// What to do with a fire that comes due while earlier ones of its job still run or wait.
package enum IfRunning {
  package enum Verdict: Hashable, Sendable {
    case start
    /// Wait until nothing of the job runs and no older fire waits.
    case wait
    /// Wait, and let the fires that waited so far go: this one comes in their place.
    case waitInPlaceOf([Instant])
    /// Not to be run (`skipped_running`).
    case skip
    /// Cancel what runs, let what waits go, then start.
    case cancelOthers(waiting: [Instant])
  }

  /// - Parameters:
  ///   - isRunning: a run of the same job and matrix row is going on.
  ///   - waiting: the fires of that row that already wait, in order.
  ///
  /// | policy | nothing runs or waits | something does |
  /// |---|---|---|
  /// | `skip` | start | skip |
  /// | `queue_one` | start | wait; of those waiting only the newest stays |
  /// | `queue_all` | start | wait behind the others |
  /// | `cancel_other` | start | cancel the others, start |
  package static func verdict(
    policy: Schedule.IfRunningPolicy, isRunning: Bool, waiting: [Instant]
  ) -> Verdict {
    guard isRunning || !waiting.isEmpty else { return .start }
    switch policy {
    case .skip: return .skip
    case .queueOne: return waiting.isEmpty ? .wait : .waitInPlaceOf(waiting)
    case .queueAll: return .wait
    case .cancelOther: return .cancelOthers(waiting: waiting)
    }
  }
}
