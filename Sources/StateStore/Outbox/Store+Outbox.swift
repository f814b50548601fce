package import Model

extension Store {
  /// Puts notices into the outbox that no run's move carries, for instance of a missed fire.
  package func enqueue(_ notices: [NoticeDraft]) async throws {
    if notices.isEmpty { return }
    try await database.transaction(.write(.enqueueNotices)) { tx in
      try await enqueue(notices, try await tx.now(), tx)
    }
  }

  /// Takes a project's notices whose time has come and begins an attempt for each. They come back by
  /// themselves after `patience`, unless the attempt is reported before: so a notice survives the
  /// process that was delivering it, and two processes do not send it at the same time: as long as what is
  /// taken at once is sent within that time. With the first of a digest comes all that has gathered for it, and all of
  /// it that is to be tried again.
  /// - Parameter channel: `nil` for all.
  package func takeDueNotices(
    project: String, channel: String? = nil, limit: Int, patience: Duration
  ) async throws -> [NoticeRecord] {
    try await database.transaction(.write(.takeDueNotices)) { tx in
      let now = try await tx.now()
      return try await tx.rows(
        """
        WITH first AS (
          SELECT notice_id, project, channel, digest FROM notices
          WHERE project = $4 AND (CAST($5 AS TEXT) IS NULL OR channel = $5)
            AND state = 'due' AND next_attempt <= $1
          ORDER BY next_attempt, attempts, created_at, notice_id LIMIT $3)
        UPDATE notices SET attempts = attempts + 1, next_attempt = $2
        WHERE state = 'due' AND next_attempt <= $1 AND notice_id IN (SELECT notice_id FROM first)
        OR state = 'due' AND (attempts = 0 OR next_attempt <= $1) AND digest IS NOT NULL
          AND (project, channel, digest) IN (SELECT project, channel, digest FROM first)
        RETURNING *
        """,
        [
          .instant(now), .instant(now.advanced(by: patience)), .integer(limit), .text(project),
          .optional(channel),
        ]
      ).map(NoticeRecord.init).sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }
  }

  /// The channels of a project for which something is due, the one that has waited longest first.
  package func dueChannels(project: String) async throws -> [String] {
    try await database.transaction(.read) { tx in
      try await tx.rows(
        """
        SELECT channel FROM notices WHERE project = $1 AND state = 'due' AND next_attempt <= $2
        GROUP BY channel ORDER BY MIN(next_attempt), channel
        """, [.text(project), .instant(try await tx.now())]
      ).map { row throws(Fault) in try row.text("channel") }
    }
  }

  /// - Parameter fault: why some of those that the notice was for do not have it.
  package func markDelivered(_ notice: String, _ fault: Fault? = nil) async throws {
    try await finish(notice, .delivered, fault)
  }

  /// Plans another attempt, for those of a digest the same one.
  /// - Parameters:
  ///   - recipients: whom it is for from now on, where some of a mail's have it; `nil` where that does not change.
  ///   - rest: how long what else is due for the channel waits, too, where nobody has answered there.
  package func markFailed(
    _ notices: [NoticeRecord], _ fault: Fault, retryAfter: Duration, for recipients: [String]? = nil,
    holdingBack rest: Duration? = nil
  ) async throws {
    try await database.transaction(.write(.noticeFailed)) { tx in
      let now = try await tx.now()
      if let rest, let first = notices.first {
        try await tx.run(
          """
          UPDATE notices SET next_attempt = $4
          WHERE project = $1 AND channel = $2 AND state = 'due' AND next_attempt <= $3
          """,
          [.text(first.project), .text(first.channel), .instant(now), .instant(now.advanced(by: rest))])
      }
      let next = now.advanced(by: retryAfter)
      try await tx.runEach(
        """
        UPDATE notices SET next_attempt = $2, last_fault = $3, facts = $4
        WHERE notice_id = $1 AND state = 'due'
        """,
        notices.map {
          [.text($0.id), .instant(next), .json(fault.json), .json($0.facts(for: recipients))]
        })
    }
  }

  /// Ends the attempts; the notice stays listed.
  package func markGaveUp(_ notice: String, _ fault: Fault) async throws {
    try await finish(notice, .gaveUp, fault)
  }

  /// Makes notices that gave up due again.
  /// - Returns: how many.
  @discardableResult
  package func retryNotices(_ notices: [String]) async throws -> Int {
    try await database.transaction(.write(.retryNotices)) { tx in
      let now = try await tx.now()
      var count = 0
      for notice in notices {
        count += try await tx.run(
          """
          UPDATE notices SET state = 'due', attempts = 0, next_attempt = $2, finished_at = NULL
          WHERE notice_id = $1 AND state = 'gave_up'
          """, [.text(notice), .instant(now)])
      }
      return count
    }
  }

  /// Has nobody be told any more of notices that gave up. They stay listed, and each is in the audit trail of its job.
  /// - Returns: how many had given up.
  @discardableResult
  package func dismissNotices(_ notices: [String], by: String, reason: String?) async throws -> Int {
    try await database.transaction(.write(.dismissNotices)) { tx in
      let now = try await tx.now()
      var count = 0
      for notice in notices {
        let row = try await tx.row(
          "UPDATE notices SET state = 'dismissed' WHERE notice_id = $1 AND state = 'gave_up' RETURNING *",
          [.text(notice)])
        guard let record = try row.map(NoticeRecord.init) else { continue }
        count += 1
        let facts = JSONValue.object([
          .init("notice", .string(notice)), .init("event", .string(record.event.rawValue)),
          .init("run", .optional(record.run?.text)), .init("by", .string(by)),
          .init("reason", .optional(reason)),
        ])
        try await append(
          EventDraft("notice_dismissed", facts), project: record.project, job: record.job, now, tx)
      }
      return count
    }
  }

  /// The outbox, newest first.
  /// - Parameters:
  ///   - project: `nil` for all projects.
  ///   - run: `nil` for all runs.
  ///   - state: `nil` for all states.
  package func notices(
    project: String? = nil, run: RunID? = nil, state: NoticeRecord.State? = nil, limit: Int
  ) async throws -> [NoticeRecord] {
    try await database.transaction(.read) { tx in
      try await tx.rows(
        """
        SELECT * FROM notices
        WHERE (CAST($1 AS TEXT) IS NULL OR run_id = $1) AND (CAST($2 AS TEXT) IS NULL OR state = $2)
          AND (CAST($3 AS TEXT) IS NULL OR project = $3)
        ORDER BY created_at DESC, notice_id DESC LIMIT $4
        """, [.optional(run?.text), .optional(state?.rawValue), .optional(project), .integer(limit)]
      ).map(NoticeRecord.init)
    }
  }

  /// How many notices of a project, or of one of its jobs, gave up, and how many have been tried in vain so far.
  package func undelivered(
    project: String, job: JobName? = nil
  ) async throws -> (gaveUp: Int, failing: Int) {
    try await database.transaction(.read) { tx in
      let row = try await tx.row(
        """
        SELECT count(CASE WHEN state = 'gave_up' THEN 1 END) AS gave_up,
          count(CASE WHEN state = 'due' THEN last_fault END) AS failing
        FROM notices WHERE project = $1 AND (CAST($2 AS TEXT) IS NULL OR job = $2)
        """, [.text(project), .optional(job?.text)])
      return (try row?.int("gave_up") ?? 0, try row?.int("failing") ?? 0)
    }
  }

  private func finish(_ notice: String, _ state: NoticeRecord.State, _ fault: Fault?) async throws {
    try await database.transaction(.write(.noticeFinished)) { tx in
      try await tx.run(
        """
        UPDATE notices SET state = $2, finished_at = $3, last_fault = $4
        WHERE notice_id = $1 AND state = 'due'
        """,
        [
          .text(notice), .text(state.rawValue), .instant(try await tx.now()),
          .optional(fault?.json.text),
        ])
    }
  }

  func enqueue(_ notices: [NoticeDraft], _ now: Instant, _ tx: any StateTransaction) async throws {
    for notice in notices {
      try await tx.run(
        """
        INSERT INTO notices (notice_id, run_id, project, job, event, channel, facts, digest, state,
          attempts, next_attempt, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'due', 0, $9, $10)
        ON CONFLICT (notice_id) DO NOTHING
        """,
        [
          .text(notice.id), .optional(notice.run?.text), .text(notice.project), .text(notice.job.text),
          .text(notice.event.rawValue), .text(notice.channel), .json(notice.facts),
          .optional(notice.digest), .instant(now.advanced(by: notice.delay)), .instant(now),
        ])
    }
  }
}
