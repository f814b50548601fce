internal import Engine
internal import Model
internal import StateStore

/// Pauses a job that has failed too often in a row (`errors.pause_after`).
struct FailurePause: Sendable {
  var store: Store
  var job: ScheduledJob
  var now: Instant

  /// To be called once a fire has ended as failed.
  /// - Returns: the pause, where this failure was the one too many.
  func afterFailure(_ fault: Fault?) async throws -> PauseRecord? {
    guard let limit = job.job.errors.pauseAfter else { return nil }
    let (project, name) = (job.request.project.name, job.id.job)
    let ends = try await store.newestEnds(
      project: project, job: name, matrixRow: job.id.row, limit: limit)
    guard ends.count == limit, ends.allSatisfy({ [.failed, .failedToStart].contains($0.outcome) })
    else { return nil }
    // Whoever ends a pause begins the count anew.
    if let unpaused = try await store.lastUnpaused(project: project, job: name),
      ends.contains(where: { $0.closedAt.map { $0 <= unpaused } ?? true })
    {
      return nil
    }
    // Somebody's own pause, with its end and reason, stays as it is.
    if try await store.pauses(project: project).contains(where: { $0.job == name && $0.lasts(at: now) }) {
      return nil
    }
    let reason =
      limit == 1 ? "the last fire failed" : "the last \(limit) fires failed, one after the other"
    let pause = try await store.pause(
      project: project, job: name, until: nil, reason: reason, by: "tidemark")
    if let last = ends.first {
      try await store.enqueue(ScheduleNotices(job: job).paused(last.key.fire, reason: reason, fault))
    }
    return pause
  }
}
