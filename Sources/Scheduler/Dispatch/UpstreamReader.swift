internal import Model
internal import StateStore
internal import Timetable

/// Finds out what a job under `after:` has done for a stretch of time.
struct UpstreamReader: Sendable {
  var store: Store
  var project: String
  var known: KnownJobs
  /// The matrix row of the job that waits.
  var row: String
  var range: TimeRange

  /// With a row of the same name upstream, that row counts; otherwise every row must have succeeded.
  func facts(of job: JobName) async throws -> FireFacts.Upstream {
    // Runs that are tried again, or gone on with by hand, have not failed for good; nor have later revisions that have
    // published in part: until one is finished, its interval is neither made nor without a success.
    let stays = Set(try await store.openFires(project: project, job: job).compactMap(\.run))
    var succeeded: [TimeRange]?
    var failed: [TimeRange] = []
    for row in try await rows(of: job) {
      let runs = OwnRuns(
        store: store, project: project, job: job, row: row,
        parameters: known.clockParameters(of: ScheduledJob.ID(job: job, row: row)))
      let intervals = TimeRange.merged(try await runs.succeeded(in: range, isRead: true))
      succeeded = succeeded.map { UpstreamReader.common($0, intervals) } ?? intervals
      for run in try await runs.failed() where !stays.contains(run.id) {
        guard let interval = run.identity.interval, interval.start < range.end, range.start < interval.end,
          try await !store.isOwned(run.id)
        else { continue }
        if run.revision > 1, try await store.hasBegunToPublish(run.id) { continue }
        failed.append(interval)
      }
    }
    return FireFacts.Upstream(succeeded: succeeded ?? [], failed: failed)
  }

  private func rows(of job: JobName) async throws -> [String] {
    let rows: [String]
    if let now = known.rows(of: job) {
      rows = now
    } else {
      rows = try await store.sightings(project: project).filter { $0.job == job }.map(\.matrixRow)
    }
    if rows.contains(row) { return [row] }
    return rows.isEmpty ? [""] : rows
  }

  /// The time that both hold; each is merged and rising.
  static func common(_ left: [TimeRange], _ right: [TimeRange]) -> [TimeRange] {
    var common: [TimeRange] = []
    var (first, second) = (left[...], right[...])
    while let a = first.first, let b = second.first {
      let start = max(a.start, b.start)
      let end = min(a.end, b.end)
      if start < end { common.append(TimeRange(start: start, end: end)) }
      if a.end < b.end { first.removeFirst() } else { second.removeFirst() }
    }
    return common
  }
}
