package import Model
package import StateStore
internal import Timetable

/// Finds the intervals that no run has covered since a job was first seen.
package struct HoleFinder: Sendable {
  private let store: Store
  private let project: String
  private let now: Instant

  package init(store: Store, project: String, now: Instant) {
    self.store = store
    self.project = project
    self.now = now
  }

  /// An interval without a success.
  package struct Hole: Hashable, Sendable {
    package var job: ScheduledJob.ID
    package var interval: TimeRange
    /// What became of the last of its fires; `nil` where nobody has looked at the schedule since,
    /// or it was another one then.
    package var outcome: FireOutcome?
    /// The run that tried it last.
    package var run: RunID?
  }

  /// In order of time; those among them whose `outcome` is open are on their way.
  /// - Parameter firstSeen: as in the job's sighting.
  package func holes(_ job: ScheduledJob, firstSeen: Instant) async throws -> [Hole] {
    let calendar = job.ledger.intervals
    let due = now.advanced(by: .zero - job.ledger.jitter)
    guard firstSeen < due else { return [] }
    let range =
      Instant(microseconds: firstSeen.microseconds + 1)..<Instant(microseconds: due.microseconds + 1)
    let always = TimeRange(start: Instant(microseconds: 0), end: Instant(microseconds: Int64.max))
    let covered = try await OwnRuns(
      store: store, project: project, job: job.id.job, row: job.id.row, parameters: job.clockParameters
    ).succeeded(in: always)
    let holes = calendar.holes(inFiresOf: range, covered: covered)
    if holes.isEmpty { return [] }
    let fires = try await store.fires(
      project: project, job: job.id.job, matrixRow: job.id.row,
      in: TimeRange(start: range.lowerBound, end: range.upperBound))
    // A superseded fire tells less than the one that stands for it.
    let last = Dictionary(
      fires.compactMap { fire in fire.interval.map { ($0, fire) } },
      uniquingKeysWith: { $1.outcome == .superseded ? $0 : $1 })
    return holes.map {
      Hole(job: job.id, interval: $0, outcome: last[$0]?.outcome, run: last[$0]?.run)
    }
  }
}
