internal import Model
internal import StateStore
internal import Timetable

/// Finds out what a job under `after:` has done for a stretch of time.
struct UpstreamReader: Sendable {
  var store: Store
  var project: String
  /// The matrix row of the job that waits.
  var row: String
  var range: TimeRange

  /// With a row of the same name upstream, that row counts; otherwise every row must have succeeded.
  func facts(of job: JobName) async throws -> FireFacts.Upstream {
    var succeeded: [TimeRange]?
    for row in try await rows(of: job) {
      let intervals = TimeRange.merged(
        try await store.succeededIntervals(project: project, job: job, matrixRow: row, in: range))
      succeeded = succeeded.map { UpstreamReader.common($0, intervals) } ?? intervals
    }
    let stays = Set(try await store.openFires(project: project, job: job).compactMap(\.run))
    let failed = try await store.runs(RunFilter(project: project, job: job, states: [.failed]))
      .filter { !stays.contains($0.id) }.compactMap(\.identity.interval)
    return FireFacts.Upstream(succeeded: succeeded ?? [], failed: failed)
  }

  private func rows(of job: JobName) async throws -> [String] {
    let rows = try await store.sightings(project: project).filter { $0.job == job }.map(\.matrixRow)
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
