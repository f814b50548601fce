internal import Model

extension Store {
  /// Of the fires of its interval that have given way to `fire`, one to the next, the oldest: since then the interval is
  /// waited for. One that has come to an end of its own, ran or was not ready in time, ended that wait.
  /// - Returns: `nil` where there is none.
  package func oldestGivenWay(to fire: FireRecord) async throws -> FireRecord? {
    guard let interval = fire.interval else { return nil }
    // A fire comes when its interval has ended, so that those before it need not be looked at. Those that went by while
    // nobody looked, or the job was paused, ended nothing.
    return try await database.transaction(.read) { tx in
      try await tx.row(
        """
        SELECT * FROM fires
        WHERE project = $1 AND job = $2 AND matrix_row = $3 AND fire >= $6 AND fire < $4
          AND interval_start = $5 AND interval_end = $6 AND COALESCE(parameters, '') = $7
          AND outcome = 'superseded'
          AND fire > COALESCE(
            (SELECT MAX(fire) FROM fires
             WHERE project = $1 AND job = $2 AND matrix_row = $3 AND fire >= $6 AND fire < $4
               AND interval_start = $5 AND interval_end = $6 AND COALESCE(parameters, '') = $7
               AND outcome NOT IN ('superseded', 'outside_window', 'paused')), $6 - 1)
        ORDER BY fire LIMIT 1
        """,
        fire.key.values + [
          .instant(interval.start), .instant(interval.end),
          .text(fire.parameters.map { RunIdentity.json($0).text } ?? ""),
        ]
      ).map(FireRecord.init)
    }
  }
}
