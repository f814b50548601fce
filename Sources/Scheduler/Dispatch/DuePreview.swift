package import Model
package import StateStore
internal import Timetable

/// Tells what a tick would do for a job, changing nothing.
package struct DuePreview: Sendable {
  private let store: Store
  private let project: String
  private let now: Instant
  private let known: KnownJobs

  /// - Parameter known: the jobs that others may wait for.
  package init(store: Store, project: String, now: Instant, known: KnownJobs = KnownJobs()) {
    self.known = known
    self.store = store
    self.project = project
    self.now = now
  }

  package struct Line: Hashable, Sendable {
    package var job: ScheduledJob.ID
    package var fire: Instant
    package var interval: TimeRange?
    /// `pending` or `claimed` for a fire that is in the ledger, `run`, `catch_up`, `superseded` or
    /// `outside_window` for one that is not yet.
    package var verdict: String
    /// The job under `after` that a pending fire waits for.
    package var upstream: JobName?
  }

  /// - Parameter sighting: `nil` where the job has none, and so nothing is due.
  package func lines(_ job: ScheduledJob, _ sighting: Sighting?) async throws -> [Line] {
    guard let sighting else { return [] }
    var open: [Line] = []
    for fire in try await store.openFires(project: project, job: job.id.job)
    where fire.key.matrixRow == job.id.row {
      open.append(
        Line(
          job: job.id, fire: fire.key.fire, interval: fire.interval, verdict: fire.outcome.rawValue,
          upstream: try await upstream(of: fire, job)))
    }
    let turn = ClockTurn(job, sighting, now: now)
    var due: [FireDecision] = []
    if let owed = turn.owed {
      due = try await self.due(owed, job.id, after: sighting.lastConsidered, turn: turn)
    }
    due += try await self.due(job.ledger, job.id, after: turn.begins, last: due.last?.interval)
    return open
      + due.map {
        Line(job: job.id, fire: $0.fire.instant, interval: $0.interval, verdict: $0.verdict.name)
      }
  }

  /// What is due by a schedule; for `last` and `turn` see `LedgerSeam`.
  private func due(
    _ ledger: FireLedger, _ job: ScheduledJob.ID, after considered: Instant, last: TimeRange? = nil,
    turn: ClockTurn? = nil
  ) async throws -> [FireDecision] {
    let due = DueFires(
      intervals: ledger.intervals, catchUp: ledger.catchUp, considered: considered, now: now,
      delay: ledger.jitter)
    return try await LedgerSeam(store: store, project: project).joined(
      Array(due), by: ledger.intervals, job, after: considered, last: last, turn: turn)
  }
}

extension DuePreview {
  /// The first job that has not covered the fire's interval.
  private func upstream(of fire: FireRecord, _ job: ScheduledJob) async throws -> JobName? {
    guard fire.outcome == .pending, let after = job.ledger.after, let interval = fire.interval else {
      return nil
    }
    let reader = UpstreamReader(
      store: store, project: project, known: known, row: job.id.row, range: interval)
    for name in after.jobs where try await !interval.isCovered(by: reader.facts(of: name).succeeded) {
      return name
    }
    return nil
  }
}

extension FireDecision.Verdict {
  fileprivate var name: String {
    switch self {
    case .run: "run"
    case .catchUp: "catch_up"
    case .superseded: "superseded"
    case .outsideWindow: "outside_window"
    }
  }
}
