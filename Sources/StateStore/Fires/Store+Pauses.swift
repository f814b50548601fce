package import Model

extension Store {
  /// Pauses a job, or changes a pause, and says so in the audit trail.
  package func pause(
    project: String, job: JobName, until: Instant?, reason: String, by: String
  ) async throws -> PauseRecord {
    try await database.transaction(.write(.pause)) { tx in
      try await pause(
        project: project, job: job, until: until, reason: reason, by: by, try await tx.now(), tx)
    }
  }

  func pause(
    project: String, job: JobName, until: Instant?, reason: String, by: String, _ now: Instant,
    _ tx: any StateTransaction
  ) async throws -> PauseRecord {
    let row = try await tx.row(
      """
      INSERT INTO pauses (project, job, paused_at, until_at, reason, paused_by)
      VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (project, job) DO UPDATE SET until_at = excluded.until_at,
        reason = excluded.reason, paused_by = excluded.paused_by
      RETURNING *
      """,
      [
        .text(project), .text(job.text), .instant(now), .optional(until), .text(reason), .text(by),
      ])
    guard let row else { throw Fault("state_unreadable", .internal, "A pause just written is not there") }
    let body = JSONValue.object([
      .init("until", until.map { .integer($0.microseconds) } ?? .null),
      .init("reason", .string(reason)), .init("by", .string(by)),
    ])
    try await append(EventDraft("paused", body), project: project, job: job, now, tx)
    return try PauseRecord(row)
  }

  /// Ends a pause.
  /// - Returns: false if the job was not paused.
  @discardableResult
  package func unpause(project: String, job: JobName, by: String) async throws -> Bool {
    try await database.transaction(.write(.unpause)) { tx in
      let ended = try await tx.run(
        "DELETE FROM pauses WHERE project = $1 AND job = $2", [.text(project), .text(job.text)])
      guard ended == 1 else { return false }
      let body = JSONValue.object([.init("by", .string(by))])
      try await append(EventDraft("unpaused", body), project: project, job: job, try await tx.now(), tx)
      return true
    }
  }

  /// All pauses of a project, also those whose time is over.
  package func pauses(project: String) async throws -> [PauseRecord] {
    try await database.transaction(.read) { tx in try await pauses(project, tx) }
  }

  func pauses(_ project: String, _ tx: any StateTransaction) async throws -> [PauseRecord] {
    try await tx.rows("SELECT * FROM pauses WHERE project = $1 ORDER BY job", [.text(project)])
      .map(PauseRecord.init)
  }

  /// Adds to the audit trail of a job what happens outside of its runs.
  package func append(_ event: EventDraft, project: String, job: JobName) async throws {
    try await database.transaction(.write(.appendJobEvent)) { tx in
      try await append(event, project: project, job: job, try await tx.now(), tx)
    }
  }

  /// The last event of that name in a job's audit trail.
  package func newestEvent(_ name: String, project: String, job: JobName) async throws -> EventRecord? {
    try await database.transaction(.read) { tx in
      try await tx.row(
        "SELECT * FROM events WHERE subject = $1 AND name = $2 ORDER BY number DESC LIMIT 1",
        [.text("\(project)/\(job.text)"), .text(name)]
      ).map { row throws(Fault) in try EventRecord(row) }
    }
  }

  /// Two processes may number the same event; the primary key lets one of them do it again.
  func append(
    _ event: EventDraft, project: String, job: JobName, _ now: Instant, _ tx: any StateTransaction
  ) async throws {
    try await tx.run(
      """
      INSERT INTO events (subject, number, at, name, body)
      SELECT CAST($1 AS TEXT), COALESCE(MAX(number), 0) + 1, CAST($2 AS BIGINT), CAST($3 AS TEXT),
        CAST($4 AS TEXT) FROM events WHERE subject = $1
      """,
      [.text("\(project)/\(job.text)"), .instant(now), .text(event.name), .json(event.body)])
  }
}
