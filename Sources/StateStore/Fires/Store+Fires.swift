package import Model
internal import Synchronization

extension Store {
  /// Remembers that a job, or one of its matrix rows, was first seen at `moment`, with what makes it due. Later
  /// sightings change nothing.
  /// - Returns: what is remembered, whoever wrote it.
  package func recordFirstSighting(
    project: String, job: JobName, matrixRow: String = "", clock: JSONValue, at moment: Instant
  ) async throws -> Sighting {
    let key: [StateValue] = [.text(project), .text(job.text), .text(matrixRow)]
    return try await database.transaction(.write(.firstSighting)) { tx in
      try await tx.run(
        """
        INSERT INTO sightings (project, job, matrix_row, first_seen, last_considered, clock)
        VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT (project, job, matrix_row) DO NOTHING
        """, key + [.instant(moment), .json(clock)])
      guard
        let row = try await tx.row(
          "SELECT * FROM sightings WHERE project = $1 AND job = $2 AND matrix_row = $3", key)
      else { throw Fault("state_unreadable", .internal, "A sighting just written is not there") }
      return try Sighting(row)
    }
  }

  /// The same for many jobs, each named with its matrix row, in one transaction.
  package func recordFirstSightings(
    project: String, _ jobs: [(job: JobName, matrixRow: String, clock: JSONValue)], at moment: Instant
  ) async throws {
    let rows: [[StateValue]] = jobs.map {
      [.text(project), .text($0.job.text), .text($0.matrixRow), .instant(moment), .json($0.clock)]
    }
    try await database.transaction(.write(.firstSighting)) { tx in
      try await tx.runEach(
        """
        INSERT INTO sightings (project, job, matrix_row, first_seen, last_considered, clock)
        VALUES ($1, $2, $3, $4, $4, $5) ON CONFLICT (project, job, matrix_row) DO NOTHING
        """, rows)
    }
  }

  package func sightings(project: String) async throws -> [Sighting] {
    try await database.transaction(.read) { tx in
      try await tx.rows(
        "SELECT * FROM sightings WHERE project = $1 ORDER BY job, matrix_row", [.text(project)]
      ).map(Sighting.init)
    }
  }

  /// Enters fires into the ledger and remembers that everything up to `consideredUntil` is in it.
  /// A fire that is there already stays as it is, so that any number of schedulers may do this.
  /// - Returns: how many were new.
  @discardableResult
  package func insertFires(
    _ fires: [NewFire], project: String, job: JobName, matrixRow: String = "", consideredUntil: Instant
  ) async throws -> Int {
    try await insertFires([
      DueFireBatch(
        project: project, job: job, matrixRow: matrixRow, fires: fires, consideredUntil: consideredUntil)
    ])
  }

  /// The same for many jobs, in one transaction.
  @discardableResult
  package func insertFires(_ batches: [DueFireBatch]) async throws -> Int {
    // When a try before this one entered them: it may have been committed, and only its answer lost.
    let tried = Mutex<Instant?>(nil)
    return try await database.transaction(.write(.insertFires)) { tx in
      let earlier = tried.withLock { $0 }
      let asked = try await tx.now()
      let now = earlier ?? asked
      tried.withLock { $0 = now }
      var inserted = 0
      for batch in batches {
        for fire in batch.fires { inserted += try await insert(fire, now, earlier, tx) }
        try await tx.run(
          """
          UPDATE sightings SET clock = COALESCE($5, clock),
            last_considered = CASE WHEN last_considered < $4 THEN $4 ELSE last_considered END
          WHERE project = $1 AND job = $2 AND matrix_row = $3
            AND (last_considered < $4 OR CAST($5 AS TEXT) IS NOT NULL)
          """,
          [
            .text(batch.project), .text(batch.job.text), .text(batch.matrixRow),
            .instant(batch.consideredUntil), .optional(batch.clock?.text),
          ])
      }
      return inserted
    }
  }

  /// - Parameter earlier: a fire that was entered then counts as new.
  private func insert(
    _ fire: NewFire, _ now: Instant, _ earlier: Instant?, _ tx: any StateTransaction
  ) async throws -> Int {
    try await tx.run(
      """
      INSERT INTO fires (project, job, matrix_row, fire, interval_start, interval_end, outcome, note,
        created_at, closed_at, parameters)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
      ON CONFLICT (project, job, matrix_row, fire) DO UPDATE SET created_at = $12
        WHERE fires.created_at = $12
      """,
      fire.key.values + [
        .optional(fire.interval?.start), .optional(fire.interval?.end), .text(fire.outcome.rawValue),
        .optional(fire.note), .instant(now), fire.outcome.isOpen ? .null : .instant(now),
        .optional(fire.parametersText), .optional(earlier),
      ])
  }

  /// Closes a fire that no run has claimed, and decides on what is told of that.
  /// - Parameter pause: whether the job is paused for its failures, of which this is one.
  /// - Returns: false if somebody claimed or closed it before; nothing is changed then.
  @discardableResult
  package func closeFire(
    _ key: FireKey, as outcome: FireOutcome, note: String? = nil, notices: [NoticeDraft] = [],
    pause: FailurePause? = nil
  ) async throws -> Bool {
    try await database.transaction(.write(.closeFire)) { tx in
      let now = try await tx.now()
      let isClosed =
        try await tx.run(
          """
          UPDATE fires SET outcome = $5, note = $6, closed_at = $7
          WHERE project = $1 AND job = $2 AND matrix_row = $3 AND fire = $4 AND outcome = 'pending'
          """, key.values + [.text(outcome.rawValue), .optional(note), .instant(now)]) == 1
      guard isClosed else { return false }
      try await enqueue(notices, now, tx)
      try await apply(pause, project: key.project, job: key.job, matrixRow: key.matrixRow, now, tx)
      return true
    }
  }

  /// Closes a fire whose interval that run has made, unless the run had begun to read before the fire came.
  /// - Returns: false where the fire stays as it is.
  @discardableResult
  package func closeFire(_ key: FireKey, madeBy run: RunRecord) async throws -> Bool {
    guard try await hasSeen(key, run) else { return false }
    return try await closeFire(key, as: .alreadyDone, note: "run \(run.id) has made the interval")
  }

  /// Closes the fires claimed by a run that is over, where its owner died in between, and every
  /// open fire of the same job's clock for the interval that the run has covered, if it had come when the run began to
  /// read. What a trigger gave parameters for is not done by a run with others, nor are the clock's fires. A fire comes
  /// when its interval has ended, so that those before it need not be looked at.
  /// - Parameter clockParameters: what a run of the job's clock has for parameters; `nil` where there is none such.
  /// - Returns: how many were closed, or given back as those that a run has claimed and not seen.
  @discardableResult
  package func closeFires(
    coveredBy run: RunID, as outcome: FireOutcome, note: String? = nil, clockParameters: [String: String]?
  ) async throws -> Int {
    try await database.transaction(.write(.closeFires)) { tx in
      let now = try await tx.now()
      guard
        let row = try await tx.row(
          "SELECT * FROM runs WHERE run_id = $1 AND is_open = 0", [.text(run.text)])
      else { return 0 }
      let record = try RunRecord(row)
      let since = try await readSince(record, tx)
      let reopened = record.state == .succeeded ? try await reopenUnseen(record, since, tx) : 0
      return try await reopened
        + tx.run(
          """
          UPDATE fires SET outcome = $2, note = $3, closed_at = $4, run_id = COALESCE(run_id, $1)
          WHERE (run_id = $1 AND outcome = 'claimed')
            OR (CAST($10 AS INTEGER) = 1 AND outcome = 'pending' AND project = $5 AND job = $6 AND matrix_row = $7
              AND fire >= $9 AND (created_at <= $11 OR fire <= $12)
              AND interval_start = $8 AND interval_end = $9 AND parameters IS NULL)
          """,
          [
            .text(run.text), .text(outcome.rawValue), .optional(note), .instant(now),
            .text(record.identity.project), .text(record.identity.job.text),
            .text(record.identity.matrixRow), .optional(record.identity.interval?.start),
            .optional(record.identity.interval?.end),
            .integer(record.identity.parameters == clockParameters ? 1 : 0),
            .instant(since.recorded), .instant(since.host),
          ])
    }
  }

  /// The ledger's lines of a job with fires in `range`, oldest first.
  /// - Parameter matrixRow: `nil` for all rows.
  package func fires(
    project: String, job: JobName, matrixRow: String? = nil, in range: TimeRange, limit: Int = 100_000
  ) async throws -> [FireRecord] {
    // Two texts, since only the one that names the row can go by the primary key.
    let ofJob: StaticString = """
      SELECT * FROM fires WHERE project = $1 AND job = $2 AND fire >= $3 AND fire < $4
      ORDER BY fire, matrix_row LIMIT $5
      """
    let ofRow: StaticString = """
      SELECT * FROM fires
      WHERE project = $1 AND job = $2 AND fire >= $3 AND fire < $4 AND matrix_row = $6
      ORDER BY fire LIMIT $5
      """
    let values: [StateValue] = [
      .text(project), .text(job.text), .instant(range.start), .instant(range.end), .integer(limit),
    ]
    return try await database.transaction(.read) { tx in
      let rows =
        if let matrixRow {
          try await tx.rows(ofRow, values + [.text(matrixRow)])
        } else {
          try await tx.rows(ofJob, values)
        }
      return try rows.map(FireRecord.init)
    }
  }

  /// The fires that are pending or claimed, oldest first.
  /// - Parameter job: `nil` for all jobs of the project.
  package func openFires(project: String, job: JobName? = nil) async throws -> [FireRecord] {
    try await database.transaction(.read) { tx in try await openFires(project, job, tx) }
  }

  func openFires(
    _ project: String, _ job: JobName?, _ tx: any StateTransaction
  ) async throws -> [FireRecord] {
    // Two texts: with the job left open the index would be read for all jobs.
    let rows =
      if let job {
        try await tx.rows(
          """
          SELECT * FROM fires WHERE outcome IN ('pending', 'claimed') AND project = $1 AND job = $2
          ORDER BY fire, matrix_row
          """, [.text(project), .text(job.text)])
      } else {
        try await tx.rows(
          """
          SELECT * FROM fires WHERE outcome IN ('pending', 'claimed') AND project = $1
          ORDER BY fire, job, matrix_row
          """, [.text(project)])
      }
    return try rows.map(FireRecord.init)
  }

  /// The newest fire of the job's clock before that moment.
  package func newestOfClock(
    project: String, job: JobName, matrixRow: String, before moment: Instant
  ) async throws -> FireRecord? {
    try await database.transaction(.read) { tx in
      try await tx.row(
        """
        SELECT * FROM fires
        WHERE project = $1 AND job = $2 AND matrix_row = $3 AND parameters IS NULL AND fire < $4
        ORDER BY fire DESC LIMIT 1
        """, [.text(project), .text(job.text), .text(matrixRow), .instant(moment)]
      ).map(FireRecord.init)
    }
  }

  /// The newest fire that a trigger of the job gave.
  package func newestTriggered(
    project: String, job: JobName, matrixRow: String
  ) async throws -> Instant? {
    try await database.transaction(.read) { tx in
      try await tx.row(
        """
        SELECT fire FROM fires
        WHERE project = $1 AND job = $2 AND matrix_row = $3 AND parameters IS NOT NULL
        ORDER BY fire DESC LIMIT 1
        """, [.text(project), .text(job.text), .text(matrixRow)]
      )?.instant("fire")
    }
  }

  /// The fires that a run is for.
  package func fires(of run: RunID) async throws -> [FireRecord] {
    try await database.transaction(.read) { tx in
      try await tx.rows("SELECT * FROM fires WHERE run_id = $1 ORDER BY fire", [.text(run.text)])
        .map(FireRecord.init)
    }
  }

  func fireForUpdate(_ key: FireKey, _ tx: any StateTransaction) async throws -> FireRecord? {
    // Changes nothing, and so locks the row where rows have locks.
    try await tx.row(
      """
      UPDATE fires SET outcome = outcome
      WHERE project = $1 AND job = $2 AND matrix_row = $3 AND fire = $4 RETURNING *
      """, key.values
    ).map(FireRecord.init)
  }

  func claimFire(_ key: FireKey?, by run: RunID, _ tx: any StateTransaction) async throws {
    guard let key else { return }
    try await tx.run(
      """
      UPDATE fires SET outcome = 'claimed', run_id = $5
      WHERE project = $1 AND job = $2 AND matrix_row = $3 AND fire = $4
      """, key.values + [.text(run.text)])
  }

  /// Sees to it that a run comes behind the fire that it is made for, also by a clock that was put back in between.
  func dateFires(of run: RunID, atMost now: Instant, _ tx: any StateTransaction) async throws {
    try await tx.run(
      "UPDATE fires SET created_at = $2 WHERE run_id = $1 AND created_at > $2",
      [.text(run.text), .instant(now)])
  }
}

extension NewFire {
  fileprivate var parametersText: String? { parameters.map { RunIdentity.json($0).text } }
}
