package import Model

/// How far this host's clock goes before the one that records are dated by, which hosts share.
///
/// Fires, deadlines and what people ask for are of the host's clock: by it a scheduler wakes, and `cron` means it.
/// Whoever compares one of these with the time of a record brings that to the host's clock first.
package struct ClockGap: Hashable, Sendable {
  package var gap: Duration

  package init(_ gap: Duration = .zero) { self.gap = gap }

  package func host(_ recorded: Instant) -> Instant { recorded.advanced(by: gap) }
}

/// From when on a run may not have seen what came into its sources.
struct ReadSince: Hashable, Sendable {
  var recorded: Instant
  var host: Instant

  /// A fire that was in the ledger by then had come, whatever its own time says. One that was entered later, as those
  /// that are caught up, had where it is of the clock and its own time says so: what a trigger tells of may carry the
  /// time at which a transaction began that was committed long after.
  func sees(_ fire: Instant, enteredAt: Instant?, isOfClock: Bool) -> Bool {
    isOfClock && fire <= host || enteredAt.map { $0 <= recorded } ?? false
  }
}

extension Store {
  func clockGap(_ tx: any StateTransaction) async throws -> ClockGap {
    // In this order: what passes between the two makes records look older, and a fire is made once more than needed
    // rather than once too few.
    let host = hostNow()
    return ClockGap(try await tx.now().duration(to: host))
  }

  /// The same state, for a host with that clock.
  package func hosted(by now: @escaping @Sendable () -> Instant) -> Store {
    var store = self
    store.hostNow = now
    return store
  }

  /// A run begins to read with the try that has read the oldest of its chunks: what tries before it read is kept no
  /// more. A replay begins with the run whose rows it takes over.
  func readSince(_ run: RunRecord, _ tx: any StateTransaction) async throws -> ReadSince {
    var first = run
    while let origin = first.replayOf,
      let row = try await tx.row("SELECT * FROM runs WHERE run_id = $1", [.text(origin.text)])
    {
      first = try RunRecord(row)
    }
    let began = try await tx.row(
      """
      SELECT started_at FROM attempts
      WHERE run_id = $1 AND token = (SELECT MIN(token) FROM chunks WHERE run_id = $1)
      """, [.text(first.id.text)]
    )?.instant("started_at")
    let recorded = began ?? first.createdAt
    return ReadSince(recorded: recorded, host: try await clockGap(tx).host(recorded))
  }

  /// Whether a run has seen what a fire tells of.
  package func hasSeen(_ key: FireKey, _ run: RunRecord) async throws -> Bool {
    try await database.transaction(.read) { tx in
      let fire = try await tx.row(
        "SELECT * FROM fires WHERE project = $1 AND job = $2 AND matrix_row = $3 AND fire = $4", key.values
      ).map(FireRecord.init)
      return try await readSince(run, tx).sees(
        key.fire, enteredAt: fire?.createdAt, isOfClock: fire?.parameters == nil)
    }
  }

  /// Whether an interval was made by a run that has not seen what a fire of it tells of: it is made again.
  package func isMadeUnseen(_ identity: RunIdentity, _ fire: FireKey) async throws -> Bool {
    guard identity.interval != nil, let done = try await succeededRun(of: identity) else { return false }
    return try await !hasSeen(fire, done)
  }

  /// Gives fires back that a successful run has claimed and not seen: it had begun to read before they came. They are
  /// run again.
  /// - Returns: how many.
  @discardableResult
  func reopenUnseen(_ run: RunRecord, _ since: ReadSince, _ tx: any StateTransaction) async throws -> Int {
    try await tx.run(
      """
      UPDATE fires SET outcome = 'pending', run_id = NULL, note = $4
      WHERE run_id = $1 AND outcome = 'claimed' AND created_at > $2 AND (fire > $3 OR parameters IS NOT NULL)
      """,
      [
        .text(run.id.text), .instant(since.recorded), .instant(since.host),
        .text("run \(run.id) had begun to read before it came"),
      ])
  }
}
