package import Model

/// What to do with a fire that waits while other fires or runs of its job are there.
package enum IfRunning {
  package enum Verdict: Hashable, Sendable {
    /// Nothing stands in its way.
    case start
    /// Until what runs has ended.
    case wait
    /// A newer fire waits, and comes in its place (`superseded`).
    case giveWay(to: Instant)
    /// Not to be run (`skipped_running`).
    case skip
    /// Cancel what runs, then start.
    case cancelOther
  }

  /// - Parameters:
  ///   - isRunning: a run of the same job and matrix row is going on.
  ///   - newest: the newest of the later fires that wait too.
  ///
  /// | policy | nothing runs | something runs | a newer fire waits |
  /// |---|---|---|---|
  /// | `skip` | start | skip | no difference |
  /// | `queue_one` | start | wait | give way |
  /// | `queue_all` | start | wait | no difference |
  /// | `cancel_other` | start | cancel it | give way |
  package static func verdict(
    policy: Schedule.IfRunningPolicy, isRunning: Bool, newest: Instant?
  ) -> Verdict {
    switch policy {
    case .skip: return isRunning ? .skip : .start
    case .queueAll: return isRunning ? .wait : .start
    case .queueOne: return newest.map(Verdict.giveWay) ?? (isRunning ? .wait : .start)
    case .cancelOther: return newest.map(Verdict.giveWay) ?? (isRunning ? .cancelOther : .start)
    }
  }
}
