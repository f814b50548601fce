package import Model

extension Store {
  /// Makes the run of an identity, or finds the one that there is.
  ///
  /// With a fire, the fire becomes `claimed` by the run in the same transaction.
  /// - Throws: `Fault` `identity_too_long`, `no_such_fire`.
  package func openRun(_ new: NewRun) async throws -> OpenedRun {
    let entropy = UInt64.random(in: .min ... .max)
    while true {
      do {
        return try await openOnce(new, entropy)
      } catch is MadeMeanwhile {
        // The next look finds it.
      }
    }
  }

  /// Between the look at an identity and its new run somebody else has made another one, from its beginning to its end.
  private struct MadeMeanwhile: Error {}

  private func openOnce(_ new: NewRun, _ entropy: UInt64) async throws -> OpenedRun {
    try await database.transaction(.write(.openRun)) { tx in
      let now = try await tx.now()
      var new = new
      // Here and not before: a process that begins at the same moment would get the same one.
      if new.takesSerial { new.identity.serial = try await serial(for: new.identity, tx) }
      let key = try new.identity.checkedKey()
      if let fire = new.fire {
        guard let record = try await fireForUpdate(fire, tx) else {
          throw Fault("no_such_fire", .notFound, "The ledger has no fire of `\(fire.job)` at that time")
        }
        if record.outcome != .pending { return .fireTaken(record) }
      }
      if let row = try await tx.row("SELECT * FROM runs WHERE identity = $1 AND is_open = 1", [.text(key)]) {
        let run = try RunRecord(row)
        try await claimFire(new.fire, by: run.id, tx)
        return .unfinished(run)
      }
      let last = try await succeededRun(key, tx)
      // Also of one that was given up halfway: some stores hold it.
      let held = try await tx.row(
        """
        SELECT revision FROM runs
        WHERE identity = $1 AND (state = 'succeeded' OR EXISTS (
          SELECT 1 FROM sinks WHERE sinks.run_id = runs.run_id AND committed_at IS NOT NULL))
        ORDER BY revision DESC LIMIT 1
        """, [.text(key)]
      )?.int("revision")
      if let last, !new.again, held == last.revision { return .succeeded(last) }
      let id = RunID(at: now, entropy: entropy)
      let run = try await insert(new, id: id, key: key, revision: (held ?? 0) + 1, now, tx)
      // From here on nobody else can; who was asleep since the look may come late.
      if try await succeededRun(key, tx)?.id != last?.id { throw MadeMeanwhile() }
      try await claimFire(new.fire, by: id, tx)
      try await dateFires(of: id, atMost: now, tx)
      return .created(run)
    }
  }

  /// Ends `old` as superseded and makes a run in its place, for instance because its plan's
  /// fingerprint has changed. The fires of `old` go over to the new run, which is returned.
  /// - Throws: `Fault` `illegal_move` past the first commit, `fenced`.
  package func supersede(_ old: Ownership, by new: NewRun, event: EventDraft) async throws -> RunRecord {
    let key = try new.identity.checkedKey()
    let entropy = UInt64.random(in: .min ... .max)
    return try await database.transaction(.write(.supersede)) { tx in
      let now = try await tx.now()
      let run = try await fence(old, tx)
      guard run.identity.key == key else {
        throw Fault("other_identity", .internal, "A run is superseded by one of another identity")
      }
      if run.state == .superseded, let row = try await tx.row(openByIdentity, [.text(key)]) {
        return try RunRecord(row)
      }
      try await apply(RunMove(to: .superseded, event: event), to: run, now, tx)
      let id = RunID(at: now, entropy: entropy)
      let successor = try await insert(new, id: id, key: key, revision: run.revision, now, tx)
      try await tx.run(
        "UPDATE fires SET run_id = $2 WHERE run_id = $1", [.text(run.id.text), .text(id.text)])
      return successor
    }
  }

  /// Gives a run a higher revision, because a target has one that this state knows nothing of.
  /// - Returns: the run as it then is.
  /// - Throws: `Fault` `fenced`.
  package func raiseRevision(_ ownership: Ownership, to revision: Int) async throws -> RunRecord {
    try await database.transaction(.write(.raiseRevision)) { tx in
      let run = try await fence(ownership, tx)
      try await tx.run(
        "UPDATE runs SET revision = $2 WHERE run_id = $1 AND revision < $2",
        [.text(run.id.text), .integer(revision)])
      return try await fence(ownership, tx)
    }
  }

  package func run(_ id: RunID) async throws -> RunRecord? {
    try await database.transaction(.read) { tx in
      try await tx.row("SELECT * FROM runs WHERE run_id = $1", [.text(id.text)]).map(RunRecord.init)
    }
  }

  /// The newest revision of that identity that succeeded.
  package func succeededRun(of identity: RunIdentity) async throws -> RunRecord? {
    try await database.transaction(.read) { tx in try await succeededRun(identity.key, tx) }
  }

  private func succeededRun(_ key: String, _ tx: any StateTransaction) async throws -> RunRecord? {
    try await tx.row(
      """
      SELECT * FROM runs WHERE identity = $1 AND state = 'succeeded'
      ORDER BY revision DESC LIMIT 1
      """, [.text(key)]
    ).map(RunRecord.init)
  }

  /// The serial for a new run of a job without interval: one more than the highest in use, or that
  /// of the oldest run that is not over.
  private func serial(for identity: RunIdentity, _ tx: any StateTransaction) async throws -> Int {
    let runs = try await tx.rows(
      """
      SELECT * FROM runs
      WHERE project = $1 AND job = $2 AND matrix_row = $3 AND parameters = $4 AND interval_start IS NULL
      ORDER BY is_open DESC, CASE WHEN is_open = 1 THEN serial ELSE -serial END LIMIT 1
      """,
      [
        .text(identity.project), .text(identity.job.text), .text(identity.matrixRow),
        .json(identity.parametersJSON),
      ]
    ).map(RunRecord.init)
    guard let run = runs.first else { return 1 }
    return run.state.isFinal ? run.identity.serial + 1 : run.identity.serial
  }

  /// Gives a run of a job without interval a higher serial, because a target has runs that this state knows nothing
  /// of. To be done before anything knows of its identity.
  /// - Returns: the run as it then is.
  /// - Throws: `Fault` `fenced`.
  package func raiseSerial(_ ownership: Ownership, to serial: Int) async throws -> RunRecord {
    try await database.transaction(.write(.raiseSerial)) { tx in
      var identity = try await fence(ownership, tx).identity
      identity.serial = serial
      try await tx.run(
        "UPDATE runs SET identity = $2, serial = $3 WHERE run_id = $1",
        [.text(ownership.run.text), .text(try identity.checkedKey()), .integer(serial)])
      return try await fence(ownership, tx)
    }
  }

  /// The newest revision that succeeded before this one; without an interval, where each run stands for
  /// itself, the success before it.
  package func succeededRun(before run: RunRecord) async throws -> RunRecord? {
    try await database.transaction(.read) { tx in
      let identity = run.identity
      let revision = try await tx.row(
        """
        SELECT * FROM runs WHERE identity = $1 AND state = 'succeeded' AND revision < $2
        ORDER BY revision DESC LIMIT 1
        """, [.text(identity.key), .integer(run.revision)]
      ).map(RunRecord.init)
      if revision != nil || identity.interval != nil { return revision }
      return try await tx.row(
        """
        SELECT * FROM runs
        WHERE project = $1 AND job = $2 AND matrix_row = $3 AND parameters = $4 AND interval_start IS NULL
          AND state = 'succeeded' AND serial < $5
        ORDER BY serial DESC, revision DESC LIMIT 1
        """,
        [
          .text(identity.project), .text(identity.job.text), .text(identity.matrixRow),
          .json(identity.parametersJSON), .integer(identity.serial),
        ]
      ).map(RunRecord.init)
    }
  }

  /// Whether only a part of a run's result is published, that of some stores or some of its chunks, the rest was given up,
  /// and no later revision has taken its place.
  package func isHalf(_ run: RunRecord) async throws -> Bool {
    guard run.state == .cancelled else { return false }
    return try await database.transaction(.read) { tx in
      guard try await isPastFirstCommit(run.id, tx) else { return false }
      return try await succeededRun(run.identity.key, tx).map { $0.revision < run.revision } ?? true
    }
  }

  /// Where a project stands: the newest run of each job and matrix row, and every run that is not over,
  /// newest first.
  /// - Parameters:
  ///   - job: `nil` for all jobs.
  ///   - matrixRow: `nil` for all rows of its matrix.
  package func standingRuns(
    project: String, job: JobName?, matrixRow: String? = nil
  ) async throws -> [RunRecord] {
    try await database.transaction(.read) { tx in
      try await tx.rows(
        """
        SELECT * FROM runs
        WHERE project = $1 AND (CAST($2 AS TEXT) IS NULL OR job = $2)
          AND (CAST($3 AS TEXT) IS NULL OR matrix_row = $3) AND (is_open = 1 OR run_id IN (
          SELECT max(run_id) FROM runs
          WHERE project = $1 AND (CAST($2 AS TEXT) IS NULL OR job = $2) GROUP BY job, matrix_row))
        ORDER BY run_id DESC
        """, [.text(project), .optional(job?.text), .optional(matrixRow)]
      ).map(RunRecord.init)
    }
  }

  /// The runs that a filter lets through, newest first.
  package func runs(_ filter: RunFilter) async throws -> [RunRecord] {
    try await database.transaction(.read) { tx in try await runs(filter, tx) }
  }

  func runs(_ filter: RunFilter, _ tx: any StateTransaction) async throws -> [RunRecord] {
    try await tx.rows(filter.statement, filter.values).map(RunRecord.init)
  }

  /// The intervals that runs of a job have covered successfully, overlapping `range`, by their start; not those of which
  /// some stores hold a later revision, or chunks of one, whose rest was given up, nor those of runs that were begun before
  /// the interval had ended.
  /// - Parameters:
  ///   - parameters: only runs with these count; `nil` for all.
  ///   - starter: what this has started counts with other parameters too.
  ///   - isRead: nor those which a later revision, that is not over, is just replacing, or may be: of one that publishes
  ///     a commit may not be written down yet.
  package func succeededIntervals(
    project: String, job: JobName, matrixRow: String, parameters: [String: String]? = nil,
    orStartedBy starter: String? = nil, isRead: Bool = false, in range: TimeRange
  ) async throws -> [TimeRange] {
    let wanted = parameters.map { RunIdentity.json($0).text }
    return try await database.transaction(.read) { tx in
      try await tx.rows(
        """
        SELECT DISTINCT interval_start, interval_end, parameters, settings FROM runs
        WHERE project = $1 AND job = $2 AND matrix_row = $3 AND state = 'succeeded'
          AND interval_start < $5 AND interval_end > $4
          AND NOT EXISTS (
            SELECT 1 FROM runs AS later
            WHERE later.identity = runs.identity AND later.revision > runs.revision
              AND (later.state = 'cancelled' OR CAST($6 AS BIGINT) = 1 AND later.is_open = 1) AND EXISTS (
                SELECT 1 FROM sinks WHERE sinks.run_id = later.run_id
                  AND (committed_at IS NOT NULL
                    OR later.is_open = 1 AND (later.state = 'publishing' OR details LIKE $7))))
        ORDER BY interval_start, interval_end
        """,
        [
          .text(project), .text(job.text), .text(matrixRow), .instant(range.start), .instant(range.end),
          .integer(isRead ? 1 : 0), .text(SinkMark.byChunkPattern),
        ]
      ).compactMap { row in
        let settings = try row.json("settings")
        guard let interval = try TimeRange.read(row), !interval.isBegunEarly(settings) else { return nil }
        let isOwn = try wanted == nil || row.text("parameters") == wanted
        return isOwn || starter != nil && settings["started_by"]?.stringValue == starter ? interval : nil
      }
    }
  }

  /// Who tried a run, when, and how it went, oldest first.
  package func attempts(of run: RunID) async throws -> [AttemptRecord] {
    try await database.transaction(.read) { tx in
      try await tx.rows("SELECT * FROM attempts WHERE run_id = $1 ORDER BY token", [.text(run.text)])
        .map(AttemptRecord.init)
    }
  }

  /// A run's whole record, as its last owner wrote it.
  package func receipt(of run: RunID) async throws -> JSONValue? {
    try await database.transaction(.read) { tx in
      let row = try await tx.row("SELECT receipt FROM runs WHERE run_id = $1", [.text(run.text)])
      return try row?.ifPresent("receipt") { row, name throws(Fault) in try row.json(name) }
    }
  }

  /// Asks a run's owner to end it. Nothing happens to a run that is over, or past its first commit.
  /// - Parameter givingUpRest: also one that is past its first commit is asked for; its owner leaves it to whoever asks.
  /// - Returns: the run as it then is, or `nil` if there is none.
  package func requestCancel(
    _ run: RunID, by: String, reason: String, givingUpRest: Bool = false
  ) async throws -> RunRecord? {
    try await database.transaction(.write(.requestCancel)) { tx in
      // The update that changes nothing locks the row where rows have locks: no commit is written down meanwhile.
      let known = try await tx.row(
        "UPDATE runs SET token = token WHERE run_id = $1 RETURNING *", [.text(run.text)])
      guard let record = try known.map(RunRecord.init) else { return nil }
      let first = try await firstCommit(of: run, tx)
      var now = try await tx.now()
      // By whatever clock: one that is younger than the first commit is for the rest, and for whoever is the owner.
      if let first { now = max(now, first.advanced(by: .microseconds(1)), record.owner?.since ?? now) }
      if standing(of: record, firstCommit: first) == nil, first == nil || givingUpRest {
        try await tx.run(
          """
          UPDATE runs SET cancel_at = $2, cancel_by = $3, cancel_reason = $4
          WHERE run_id = $1 AND is_open = 1
          """, [.text(run.text), .instant(now), .text(by), .text(reason)])
      }
      return try await tx.row("SELECT * FROM runs WHERE run_id = $1", [.text(run.text)])
        .map(RunRecord.init)
    }
  }

  /// What somebody asked for and can still be had: past its first commit a run is only finished, unless its owner was
  /// asked to leave its rest to whoever gives that up.
  package func cancelRequest(for run: RunID) async throws -> CancelRequest? {
    try await database.transaction(.read) { tx in
      guard let row = try await tx.row("SELECT * FROM runs WHERE run_id = $1", [.text(run.text)]) else {
        return nil
      }
      return standing(of: try RunRecord(row), firstCommit: try await firstCommit(of: run, tx))
    }
  }

  /// What somebody has asked for who is about to give up the rest of a run that has published in part, whether or not its
  /// owner has left it by now.
  package func restRequest(for run: RunRecord) async throws -> CancelRequest? {
    guard let asked = run.cancel else { return nil }
    let first = try await database.transaction(.read) { tx in try await firstCommit(of: run.id, tx) }
    return first.map { asked.at > $0 } == true ? asked : nil
  }

  private func standing(of run: RunRecord, firstCommit first: Instant?) -> CancelRequest? {
    guard let asked = run.cancel, let first else { return run.cancel }
    // An heir was not asked: whoever did so may have died since.
    guard asked.at > first, let owner = run.owner, owner.since <= asked.at else { return nil }
    return asked
  }

  private func firstCommit(of run: RunID, _ tx: any StateTransaction) async throws -> Instant? {
    try await tx.row(
      "SELECT min(committed_at) AS first FROM sinks WHERE run_id = $1", [.text(run.text)]
    )?.ifPresent("first") { row, name throws(Fault) in try row.instant(name) }
  }

  private func insert(
    _ new: NewRun, id: RunID, key: String, revision: Int, _ now: Instant, _ tx: any StateTransaction
  ) async throws -> RunRecord {
    let identity = new.identity
    try await tx.run(
      """
      INSERT INTO runs (
        run_id, identity, project, job, matrix_row, interval_start, interval_end, parameters, serial,
        revision, replay_of, pool, state, is_open, settings, job_hash, token, failures, chunks,
        read_rows, kept, filtered, quarantined, dropped, read_bytes, events, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'planned', 1, $13, $14, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, $15, $15)
      """,
      [
        .text(id.text), .text(key), .text(identity.project), .text(identity.job.text),
        .text(identity.matrixRow), .optional(identity.interval?.start), .optional(identity.interval?.end),
        .json(identity.parametersJSON), .integer(identity.serial), .integer(revision),
        .optional(new.replayOf?.text), .optional(new.pool), .json(new.settings), .text(new.jobHash),
        .instant(now),
      ])
    guard let row = try await tx.row("SELECT * FROM runs WHERE run_id = $1", [.text(id.text)]) else {
      throw Fault("state_unreadable", .internal, "A run just written is not there")
    }
    return try RunRecord(row)
  }
}

private let openByIdentity: StaticString = "SELECT * FROM runs WHERE identity = $1 AND is_open = 1"

extension RunIdentity {
  package var parametersJSON: JSONValue { RunIdentity.json(parameters) }

  /// By name, so that equal parameters are equal as text.
  static func json(_ parameters: [String: String]) -> JSONValue {
    .object(parameters.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
  }

  /// The key, if it fits into an index entry of every store.
  func checkedKey() throws(Fault) -> String {
    let key = self.key
    guard key.utf8.count <= 2000 else {
      throw Fault(
        "identity_too_long", .validation,
        "The parameters of `\(job)` make a run identity of \(key.utf8.count) bytes; 2000 fit",
        hint: "Pass long values by a file or a table instead of a parameter")
    }
    return key
  }
}
