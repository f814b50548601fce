internal import Model

/// Pauses a job that has failed too often in a row (`errors.pause_after`), in the transaction that writes the last of
/// these failures.
package struct FailurePause: Sendable {
  /// So many failures are too many.
  package let limit: Int
  /// What is told of the pause.
  package var notices: [NoticeDraft] = []

  package init(limit: Int) { self.limit = limit }

  package var reason: String {
    limit == 1 ? "the last fire failed" : "the last \(limit) fires failed, one after the other"
  }
}

extension PauseRecord {
  /// Whether it is the job's failures that have paused it.
  package var isForFailures: Bool { by == PauseRecord.tidemark }

  fileprivate static let tidemark = "tidemark"
}

extension Store {
  /// To be called where a fire of the job has just been closed as failed.
  func apply(
    _ pause: FailurePause?, project: String, job: JobName, matrixRow: String, _ now: Instant,
    _ tx: any StateTransaction
  ) async throws {
    guard let pause else { return }
    let ends = try await newestEnds(project: project, job: job, matrixRow: matrixRow, limit: pause.limit, tx)
    guard ends.count == pause.limit, ends.allSatisfy({ [.failed, .failedToStart].contains($0.outcome) })
    else { return }
    // Whoever ends a pause begins the count anew.
    if let unpaused = try await lastUnpaused(project: project, job: job, tx),
      ends.contains(where: { $0.closedAt.map { $0 <= unpaused } ?? true })
    {
      return
    }
    // Somebody's own pause, with its end and reason, stays as it is.
    if try await pauses(project, tx).contains(where: { $0.job == job && $0.lasts(at: now) }) { return }
    _ = try await self.pause(
      project: project, job: job, until: nil, reason: pause.reason, by: PauseRecord.tidemark, now, tx)
    try await enqueue(pause.notices, now, tx)
  }

  /// How the newest fires of a job ended that were run, or tried, newest first.
  private func newestEnds(
    project: String, job: JobName, matrixRow: String, limit: Int, _ tx: any StateTransaction
  ) async throws -> [FireRecord] {
    try await tx.rows(
      """
      SELECT * FROM fires
      WHERE project = $1 AND job = $2 AND matrix_row = $3
        AND outcome IN ('ran', 'late', 'caught_up', 'already_done', 'failed', 'failed_to_start')
      ORDER BY closed_at DESC, fire DESC LIMIT $4
      """, [.text(project), .text(job.text), .text(matrixRow), .integer(limit)]
    ).map(FireRecord.init)
  }

  /// When somebody last ended a pause of the job; `nil` where nobody ever did.
  private func lastUnpaused(
    project: String, job: JobName, _ tx: any StateTransaction
  ) async throws -> Instant? {
    try await tx.row(
      "SELECT at FROM events WHERE subject = $1 AND name = 'unpaused' ORDER BY number DESC LIMIT 1",
      [.text("\(project)/\(job.text)")]
    )?.instant("at")
  }
}
