package import Model

extension Store {
  /// Of the fires of its interval that have given way to one that waits, one to the next, the oldest: since then the
  /// interval is waited for. One that has come to an end of its own, ran or was not ready in time, ended that wait.
  /// - Returns: by the fire that waits; without those that none has given way to.
  package func oldestGivenWay(
    project: String, job: JobName, matrixRow: String
  ) async throws -> [Instant: FireRecord] {
    // A fire comes when its interval has ended, so that those before it need not be looked at. Those that went by while
    // nobody looked, or the job was paused, ended nothing.
    let rows = try await database.transaction(.read) { tx in
      try await tx.rows(
        """
        SELECT oldest.*, mine.fire AS waits FROM fires AS mine JOIN fires AS oldest
          ON oldest.project = mine.project AND oldest.job = mine.job AND oldest.matrix_row = mine.matrix_row
            AND oldest.fire = (
              SELECT MIN(gone.fire) FROM fires AS gone
              WHERE gone.project = mine.project AND gone.job = mine.job AND gone.matrix_row = mine.matrix_row
                AND gone.fire >= mine.interval_end AND gone.fire < mine.fire
                AND gone.interval_start = mine.interval_start AND gone.interval_end = mine.interval_end
                AND COALESCE(gone.parameters, '') = COALESCE(mine.parameters, '')
                AND gone.outcome = 'superseded'
                AND gone.fire > COALESCE(
                  (SELECT MAX(ended.fire) FROM fires AS ended
                   WHERE ended.project = mine.project AND ended.job = mine.job AND ended.matrix_row = mine.matrix_row
                     AND ended.fire >= mine.interval_end AND ended.fire < mine.fire
                     AND ended.interval_start = mine.interval_start AND ended.interval_end = mine.interval_end
                     AND COALESCE(ended.parameters, '') = COALESCE(mine.parameters, '')
                     AND ended.outcome NOT IN ('superseded', 'outside_window', 'paused')), mine.interval_end - 1))
        WHERE mine.outcome = 'pending' AND mine.project = $1 AND mine.job = $2 AND mine.matrix_row = $3
        """, [.text(project), .text(job.text), .text(matrixRow)])
    }
    var oldest: [Instant: FireRecord] = [:]
    for row in rows { oldest[try row.instant("waits")] = try FireRecord(row) }
    return oldest
  }
}
