package import Model

/// That a host put what makes a job due in the place of what did before.
package struct ScheduleChange: Hashable, Sendable {
  package var at: Instant
  package var host: String
  /// In the scheduler's words, as in `Sighting.clock`.
  package var from: JSONValue
  package var to: JSONValue

  init?(_ row: StateRow) throws(Fault) {
    let body = try row.json("body")
    guard let host = body["host"]?.stringValue, let from = body["from"], let to = body["to"] else {
      return nil
    }
    at = try row.instant("at")
    self.host = host
    (self.from, self.to) = (from, to)
  }
}

extension Store {
  /// Writes into a job's audit trail that this host puts one schedule in the place of another, once where it does so
  /// again after it died in between.
  /// - Returns: the two changes before this one that were made within `time`, the newer one first.
  package func noteScheduleChange(
    project: String, job: JobName, from: JSONValue, to: JSONValue, within time: Duration
  ) async throws -> [ScheduleChange] {
    let body = JSONValue.object([
      .init("host", .string(host)), .init("from", from), .init("to", to),
    ])
    return try await database.transaction(.write(.appendJobEvent)) { tx in
      let now = try await tx.now()
      var last = try await tx.rows(
        """
        SELECT * FROM events WHERE subject = $1 AND name = 'schedule_changed'
        ORDER BY number DESC LIMIT 3
        """, [.text("\(project)/\(job.text)")])
      if let own = last.first, try own.json("body") == body {
        last.removeFirst()
      } else {
        try await append(EventDraft("schedule_changed", body), project: project, job: job, now, tx)
      }
      return try last.prefix(2).compactMap { row throws(Fault) in try ScheduleChange(row) }
        .filter { $0.at.duration(to: now) <= time }
    }
  }

  /// Whom this process speaks for.
  package var hostName: String { host }
}
