package import Model

extension Store {
  /// Moves a run to another state, together with the event, the notices, the receipt and the
  /// outcome of its fires; through several states where nothing happens in between. Moves that this owner has made
  /// already are made once.
  /// - Throws: `Fault` `illegal_move`, `fenced`.
  package func move(_ ownership: Ownership, _ moves: RunMove...) async throws {
    try await database.transaction(.write(.move)) { tx in
      var run = try await fence(ownership, tx)
      if let last = moves.last, run.state == last.to, try await isMade(last, by: ownership, tx) { return }
      let now = try await tx.now()
      for move in moves {
        try await apply(move, to: run, now, tx)
        run.state = move.to
      }
    }
  }

  /// Stops a run that stands amid its publish, and no other: from there it is not given up in one step. Only where the
  /// targets have said that they hold nothing of it.
  /// - Throws: `Fault` `fenced`.
  package func stopPublishing(_ ownership: Ownership, _ facts: JSONValue = .object([])) async throws {
    guard try await run(ownership.run)?.state == .publishing else { return }
    try await move(ownership, RunMove(to: .interrupted, event: EventDraft("run_interrupted", facts)))
  }

  /// Whether it was this owner that moved the run where it is: one may fail where the one before has failed.
  private func isMade(
    _ move: RunMove, by ownership: Ownership, _ tx: any StateTransaction
  ) async throws -> Bool {
    guard move.to == .failed || move.to == .interrupted else { return true }
    return try await tx.row(
      "SELECT 1 AS made FROM attempts WHERE run_id = $1 AND token = $2 AND end_state = $3",
      [.text(ownership.run.text), .integer(ownership.token.number), .text(move.to.rawValue)]) != nil
  }

  /// Adds a line to a run's audit trail.
  /// - Throws: `Fault` `fenced`.
  package func append(_ event: EventDraft, for ownership: Ownership) async throws {
    try await database.transaction(.write(.appendEvent)) { tx in
      let run = try await fence(ownership, tx)
      try await append(event, to: run.id, try await tx.now(), tx)
    }
  }

  /// A run's audit trail, oldest first.
  package func events(of run: RunID) async throws -> [EventRecord] {
    try await database.transaction(.read) { tx in
      try await tx.rows("SELECT * FROM events WHERE subject = $1 ORDER BY number", [.text(run.text)])
        .map(EventRecord.init)
    }
  }

  /// The audit trail of everything, newest first.
  package func events(since: Instant, limit: Int) async throws -> [EventRecord] {
    try await database.transaction(.read) { tx in
      try await tx.rows(
        "SELECT * FROM events WHERE at >= $1 ORDER BY at DESC, subject DESC, number DESC LIMIT $2",
        [.instant(since), .integer(limit)]
      ).map(EventRecord.init)
    }
  }

  /// Writes a move for a run whose row is locked.
  func apply(_ move: RunMove, to run: RunRecord, _ now: Instant, _ tx: any StateTransaction) async throws {
    let isPastFirstCommit = try await isPastFirstCommit(run.id, tx)
    guard
      run.state.mayMove(to: move.to, pastFirstCommit: isPastFirstCommit, givingUpRest: move.givesUpRest)
    else {
      throw Store.illegal(move.to, run, isPastFirstCommit: isPastFirstCommit)
    }
    let ends = move.to.isFinal
    try await tx.run(
      """
      UPDATE runs SET state = $2, is_open = $3, updated_at = $4, finished_at = $5,
        failures = failures + $6, fault = COALESCE($7, fault), receipt = COALESCE($8, receipt)
      WHERE run_id = $1
      """,
      [
        .text(run.id.text), .text(move.to.rawValue), .integer(ends ? 0 : 1), .instant(now),
        ends ? .instant(now) : .null, .integer(move.to == .failed ? 1 : 0),
        .optional(move.fault?.json.text), .optional(move.receipt?.text),
      ])
    if ends || move.to == .failed || move.to == .interrupted {
      try await tx.run(
        "UPDATE attempts SET ended_at = $3, end_state = $4, fault = $5 WHERE run_id = $1 AND token = $2",
        [
          .text(run.id.text), .integer(run.token.number), .instant(now), .text(move.to.rawValue),
          .optional(move.fault?.json.text),
        ])
    }
    if move.to == .succeeded { try await noteWhole(run, tx) }
    if move.to == .cancelled { try await keepChunks(of: run.id, now, tx) }
    if let outcome = move.fireOutcome {
      if move.to == .succeeded { try await reopenUnseen(run, try await readSince(run, tx), tx) }
      let closed = try await tx.run(
        "UPDATE fires SET outcome = $2, closed_at = $3 WHERE run_id = $1 AND outcome = 'claimed'",
        [.text(run.id.text), .text(outcome.rawValue), outcome.isOpen ? .null : .instant(now)])
      if closed > 0, outcome == .failed {
        let (project, job, row) = (run.identity.project, run.identity.job, run.identity.matrixRow)
        try await apply(move.pause, project: project, job: job, matrixRow: row, now, tx)
      }
    }
    try await append(move.event, to: run.id, now, tx)
    try await enqueue(move.notices, now, tx)
  }

  /// A run that was begun before its interval had ended may have been finished, and all of it read, long after.
  private func noteWhole(_ run: RunRecord, _ tx: any StateTransaction) async throws {
    guard run.isEarly, let end = run.identity.interval?.end, case .object(let settings) = run.settings,
      try await readSince(run, tx).host >= end
    else { return }
    let whole = JSONValue.object(settings + [.init(RunRecord.readWhole, .boolean(true))])
    try await tx.run(
      "UPDATE runs SET settings = $2 WHERE run_id = $1", [.text(run.id.text), .json(whole)])
  }

  func isPastFirstCommit(_ run: RunID, _ tx: any StateTransaction) async throws -> Bool {
    try await tx.row(
      "SELECT 1 AS committed FROM sinks WHERE run_id = $1 AND committed_at IS NOT NULL LIMIT 1",
      [.text(run.text)]) != nil
  }

  /// Why a run does not get to a state.
  package static func illegal(_ state: RunState, _ run: RunRecord, isPastFirstCommit: Bool) -> Fault {
    Fault(
      "illegal_move", .conflict,
      "Run \(run.id) is \(run.state.rawValue)\(isPastFirstCommit ? ", with a result published in part," : "")"
        + " and cannot become \(state.rawValue)",
      hint: isPastFirstCommit
        ? "`tidemark resume \(run.id)` goes on from where it published;"
          + " `tidemark cancel --partial \(run.id)` gives up what is not published"
        : nil)
  }

  /// Appends to the trail of a run whose row is locked.
  func append(_ event: EventDraft, to run: RunID, _ now: Instant, _ tx: any StateTransaction) async throws {
    let row = try await tx.row(
      "UPDATE runs SET events = events + 1 WHERE run_id = $1 RETURNING events", [.text(run.text)])
    guard let number = try row?.integer("events") else { throw Store.missing(run) }
    try await tx.run(
      "INSERT INTO events (subject, number, at, name, body) VALUES ($1, $2, $3, $4, $5)",
      [.text(run.text), .integer(number), .instant(now), .text(event.name), .json(event.body)])
  }
}
