package import Model
package import Timetable

/// Decides what happens to the fires of one job, or of one row of its matrix.
///
/// Pure: facts go in, actions come out. Nothing is remembered between two looks, so any number of
/// schedulers may look at one store, die, and be replaced: the store's conditional writes settle
/// who was first, and the next look goes on from what is written.
///
///                       +--> superseded, outside_window, paused       (entered with its outcome)
///     nominal time -----+
///                       +--> pending ---> claimed ---> ran, late, caught_up, failed, cancelled,
///                               |            |          failed_to_start, already_done
///                               |            +--------> pending: its run had begun to read before it came
///                               +-------> skipped_running, superseded, not_ready,
///                                         upstream_failed, paused, already_done, cancelled,
///                                         failed_to_start, ran (by hand)
///
/// An outcome, once written, stays. All times are by the host's clock, also those of records; see `ClockGap`.
package struct FireLedger: Sendable {
  package var intervals: IntervalCalendar
  package var catchUp: CatchUp
  package var ifRunning: Schedule.IfRunningPolicy
  /// How long after its nominal time a fire is due.
  package var jitter: Duration
  package var after: Schedule.After?
  package var finishBy: Schedule.TimeOfDay?

  /// At most so many rows go into one transaction.
  package static let batch = 1000

  package init(
    intervals: IntervalCalendar, catchUp: CatchUp, ifRunning: Schedule.IfRunningPolicy,
    jitter: Duration = .zero, after: Schedule.After? = nil, finishBy: Schedule.TimeOfDay? = nil
  ) {
    self.intervals = intervals
    self.catchUp = catchUp
    self.ifRunning = ifRunning
    self.jitter = jitter
    self.after = after
    self.finishBy = finishBy
  }

  /// What to do now, in order. A `wake` stands alone or last; any other action asks for another
  /// look once it is done.
  package func actions(on facts: FireFacts) -> [FireAction] {
    guard let considered = facts.lastConsidered else { return [.recordFirstSighting] }
    if let entering = entering(facts) { return [entering] }
    var actions = closings(facts)
    if actions.isEmpty { actions = starts(facts) }
    if let wake = wake(facts, considered: considered) { actions.append(.wake(wake)) }
    return actions
  }

  // MARK: - Entering what has come due

  /// The `enter` that is due: of the facts only the time, the pause and how far the ledger goes count.
  package func entering(_ facts: FireFacts) -> FireAction? {
    guard let considered = facts.lastConsidered else { return nil }
    var rows: [FireAction.Row] = []
    let due = DueFires(
      intervals: intervals, catchUp: catchUp, considered: considered,
      now: min(facts.now, facts.enteringUntil ?? facts.now), delay: jitter)
    for decision in due {
      rows.append(row(decision, isPaused: isPaused(facts)))
      if rows.count == FireLedger.batch { break }
    }
    guard let last = rows.last else { return nil }
    return .enter(rows, consideredUntil: last.fire)
  }

  private func row(_ decision: FireDecision, isPaused: Bool) -> FireAction.Row {
    var row = FireAction.Row(
      fire: decision.fire.instant, interval: decision.interval, outcome: .pending)
    switch decision.verdict {
    case .run, .catchUp:
      if isPaused { (row.outcome, row.note) = (.paused, "came due while the job was paused") }
    case .superseded(let by):
      (row.outcome, row.note) = (.superseded, "the fire of \(by.text()) stands for it")
    case .outsideWindow:
      (row.outcome, row.note) = (.outsideWindow, "missed, and not to be caught up")
    }
    return row
  }

  // MARK: - Closing what will not run

  private func closings(_ facts: FireFacts) -> [FireAction] {
    let line = PendingLine(facts)
    return line.fires.compactMap { closing($0, line, facts) }
  }

  private func closing(
    _ fire: FireFacts.OpenFire, _ line: PendingLine, _ facts: FireFacts
  ) -> FireAction? {
    func close(_ outcome: FireOutcome, _ note: String) -> FireAction {
      .close(fire.instant, outcome, note: note)
    }
    let readiness = readiness(of: fire, facts)
    // Before it gives way: whoever comes behind the end of a wait begins another one.
    if case .late(let job) = readiness {
      return close(.notReady, "\(job) has not covered this interval in time")
    }
    if isIntervalShared, fire.interval != nil, let same = line.newestMakingTheSame(as: fire) {
      return close(.superseded, "the fire of \(same.text()) makes the same interval")
    }
    if case .failed(let job) = readiness { return close(.upstreamFailed, "\(job) failed for this interval") }
    switch verdict(on: fire, newest: line.newest(behind: fire), line) {
    case .skip: return close(.skippedRunning, "an earlier run was still going on")
    case .giveWay(let newest):
      return close(.superseded, "the fire of \(newest.text()) came in its place")
    case .start, .wait, .cancelOther: return nil
    }
  }

  /// Those that are being caught up stand in line whatever the policy: it decides over a fire that
  /// comes due while another runs.
  private func verdict(
    on fire: FireFacts.OpenFire, newest: Instant?, _ line: PendingLine
  ) -> IfRunning.Verdict {
    let policy = isCaughtUp(fire) ? .queueAll : ifRunning
    // Nobody skips a fire for a run that only waits to be tried again.
    return IfRunning.verdict(
      policy: policy, isRunning: policy == .skip ? line.isAtWork : line.isRunning, newest: newest)
  }

  // MARK: - Starting

  private func starts(_ facts: FireFacts) -> [FireAction] {
    guard !isPaused(facts) else { return [] }
    let line = PendingLine(facts)
    guard let fire = line.fires.first(where: { readiness(of: $0, facts) == .ready }) else { return [] }
    switch verdict(on: fire, newest: nil, line) {
    case .cancelOther: return [.cancelRunning]
    case .wait, .skip, .giveWay: return []
    case .start: break
    }
    if let room = facts.room, room <= 0 { return [] }
    return [.start(fire.instant)]
  }

  private enum Readiness: Hashable {
    case ready, waiting
    case failed(JobName)
    case late(JobName)
  }

  /// Whether the jobs under `after:` have covered the fire's interval.
  private func readiness(of fire: FireFacts.OpenFire, _ facts: FireFacts) -> Readiness {
    guard let after, let interval = fire.interval else { return .ready }
    let missing = after.jobs.filter { job in
      !interval.isCovered(by: facts.upstream[job]?.succeeded ?? [])
    }
    guard let first = missing.first else { return .ready }
    if let deadline = readyDeadline(of: fire), facts.now < deadline { return .waiting }
    let failed = missing.first { job in
      facts.upstream[job]?.failed.contains { $0.start < interval.end && interval.start < $0.end } ?? false
    }
    if let failed { return .failed(failed) }
    return after.within == nil ? .waiting : .late(first)
  }

  /// Counts from the moment the first fire of the interval could have run.
  private func readyDeadline(of fire: FireFacts.OpenFire) -> Instant? {
    after?.within.map {
      (fire.waitsSince ?? couldRun(fire.instant, enteredAt: fire.enteredAt)).advanced(by: $0)
    }
  }

  /// From when on a fire could run, which for a missed one is when it was found.
  func couldRun(_ fire: Instant, enteredAt: Instant) -> Instant {
    max(fire.advanced(by: jitter), enteredAt)
  }

  /// Whether a fire's end goes by how long fires before it, which gave way to it, have waited for its interval.
  var countsFromGivenWay: Bool { after?.within != nil && isIntervalShared }

  /// Whether several fires may be for one interval, of which only the newest makes it.
  private var isIntervalShared: Bool { intervals.rule.span != .fire }

  private func isCaughtUp(_ fire: FireFacts.OpenFire) -> Bool {
    isCaughtUp(fire: fire.instant, enteredAt: fire.enteredAt)
  }

  /// Whether a fire was found too late to count as on time.
  func isCaughtUp(fire: Instant, enteredAt: Instant) -> Bool {
    fire.duration(to: enteredAt) > catchUp.punctuality + jitter
  }

  private func isPaused(_ facts: FireFacts) -> Bool {
    guard let pause = facts.pause else { return false }
    return pause.until.map { facts.now < $0 } ?? true
  }

  // MARK: - Sleeping

  private func wake(_ facts: FireFacts, considered: Instant) -> Instant? {
    var times: [Instant] = []
    // A clock that was put back does not bring back fires that are in the ledger.
    let dueUpTo = max(considered, facts.now.advanced(by: .zero - jitter))
    if let next = intervals.fires.next(after: dueUpTo) { times.append(next.instant.advanced(by: jitter)) }
    times += facts.open.filter { !$0.isClaimed }.compactMap(readyDeadline).filter { $0 > facts.now }
    if let until = facts.pause?.until, until > facts.now { times.append(until) }
    return times.min()
  }
}
