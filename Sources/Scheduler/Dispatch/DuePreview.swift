package import Model
package import StateStore
internal import Timetable

/// Tells what a tick would do for a job, changing nothing.
package struct DuePreview: Sendable {
  private let store: Store
  private let project: String
  private let now: Instant

  package init(store: Store, project: String, now: Instant) {
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
  }

  /// - Parameter considered: as in the job's sighting; `nil` where it has none and so nothing is due.
  package func lines(_ job: ScheduledJob, considered: Instant?) async throws -> [Line] {
    guard let considered else { return [] }
    let open = try await store.openFires(project: project, job: job.id.job)
      .filter { $0.key.matrixRow == job.id.row }
      .map {
        Line(job: job.id, fire: $0.key.fire, interval: $0.interval, verdict: $0.outcome.rawValue)
      }
    let due = DueFires(
      intervals: job.ledger.intervals, catchUp: job.ledger.catchUp, considered: considered, now: now,
      delay: job.ledger.jitter)
    return open
      + due.map {
        Line(job: job.id, fire: $0.fire.instant, interval: $0.interval, verdict: $0.verdict.name)
      }
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
