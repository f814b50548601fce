package import Model

/// That a host put what makes a job due in the place of what did before.
package struct ScheduleChange: Hashable, Sendable {
  package var at: Instant
  package var host: String
  /// In the scheduler's words, as in `Sighting.clock`.
  package var from: JSONValue

  init?(_ row: StateRow) throws(Fault) {
    let body = try row.json("body")
    guard let host = body["host"]?.stringValue, let from = body["from"] else { return nil }
    at = try row.instant("at")
    self.host = host
    self.from = from
  }
}

extension Store {
  /// Writes into a job's audit trail that this host puts one schedule in the place of another, once where it does so
  /// again after it died in between.
  /// - Returns: the change before this one, where another host has made it within `time`.
  package func noteScheduleChange(
    project: String, job: JobName, from: JSONValue, to: JSONValue, within time: Duration
  ) async throws -> ScheduleChange? {
    let body = JSONValue.object([
      .init("host", .string(host)), .init("from", from), .init("to", to),
    ])
    return try await database.transaction(.write(.appendJobEvent)) { tx in
      let now = try await tx.now()
      var last = try await tx.rows(
        """
        SELECT * FROM events WHERE subject = $1 AND name = 'schedule_changed'
        ORDER BY number DESC LIMIT 2
        """, [.text("\(project)/\(job.text)")])
      if let own = last.first, try own.json("body") == body {
        last.removeFirst()
      } else {
        try await append(EventDraft("schedule_changed", body), project: project, job: job, now, tx)
      }
      guard let before = try last.first.flatMap({ row throws(Fault) in try ScheduleChange(row) }),
        before.host != host, before.at.duration(to: now) <= time
      else { return nil }
      return before
    }
  }

  /// Whom this process speaks for.
  package var hostName: String { host }
}
