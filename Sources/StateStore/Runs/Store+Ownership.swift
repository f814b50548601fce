internal import Glibc
package import Model
internal import Runtime
internal import Synchronization

extension Store {
  /// Takes a run that has no living owner: raises its token, so that whoever had it before can
  /// no longer write.
  /// - Throws: `Fault` `no_such_run`.
  package func claim(_ run: RunID) async throws -> Claim {
    switch owners {
    case .lockFiles(let locks):
      // Before a lock file is made for a run that there is not.
      guard try await self.run(run) != nil else { throw Store.missing(run) }
      guard let lock = try locks.take(run) else {
        return .held(by: try await holder(of: run, locks))
      }
      let decision = try await take(run, lease: nil)
      guard case .taken(let token) = decision else { return decision.claim }
      return .owned(Ownership(run: run, token: token, renewEvery: nil, lock: lock))
    case .leases(let lease):
      let decision = try await take(run, lease: lease)
      guard case .taken(let token) = decision else { return decision.claim }
      return .owned(Ownership(run: run, token: token, renewEvery: lease / 3, lock: nil))
    }
  }

  /// Who has a run's lock. It says so a moment after it has taken it; until then the record names whoever had the run
  /// before, and died.
  /// - Returns: `nil` where it has not said so in time, or has let the run go.
  private func holder(of run: RunID, _ locks: RunLocks) async throws -> Owner? {
    let end = ContinuousClock.now + SQLiteDatabase.patience
    while true {
      if let owner = try await self.run(run)?.owner, lives(owner) { return owner }
      guard try locks.isHeld(run), ContinuousClock.now < end else { return nil }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// Of a process elsewhere that is not known: it is taken to live.
  private func lives(_ owner: Owner) -> Bool {
    owner.host != host || kill(owner.processID, 0) == 0 || errno == EPERM
  }

  /// Moves the lease's end on. To be called every `renewEvery`, on a task that other work does
  /// not hold up.
  /// - Throws: `Fault` `fenced`: stop writing at once.
  package func renew(_ ownership: Ownership) async throws {
    guard case .leases(let lease) = owners else { return }
    try await database.transaction(.write(.renew)) { tx in
      let until = try await tx.now().advanced(by: lease)
      let renewed = try await tx.run(
        "UPDATE runs SET lease_until = $3 WHERE run_id = $1 AND token = $2",
        [.text(ownership.run.text), .integer(ownership.token.number), .instant(until)])
      guard renewed == 1 else { throw Store.fenced(ownership.run) }
    }
  }

  /// Gives a run free, whatever its state. Releasing twice, or after a takeover, does nothing.
  package func release(_ ownership: Ownership) async throws {
    defer { ownership.unlock() }
    let isOver = try await database.transaction(.write(.release)) { tx in
      try await tx.row(
        """
        UPDATE runs SET owner_host = NULL, owner_pid = NULL, owner_since = NULL, lease_until = NULL
        WHERE run_id = $1 AND token = $2 RETURNING is_open
        """, [.text(ownership.run.text), .integer(ownership.token.number)]
      )?.integer("is_open") == 0
    }
    if isOver, case .lockFiles(let locks) = owners { try locks.remove(ownership.run) }
  }

  /// Whether somebody living owns the run, without taking it.
  package func isOwned(_ run: RunID) async throws -> Bool { try await hold(on: run) != nil }

  /// Who may still be at work on a run, without taking it.
  /// - Returns: `nil` where the run is free for whoever comes first.
  package func hold(on run: RunID) async throws -> Hold? {
    switch owners {
    case .lockFiles(let locks):
      return try locks.isHeld(run) ? .lock : nil
    case .leases:
      return try await database.transaction(.read) { tx in
        let now = try await tx.now()
        return try await tx.row(
          "SELECT lease_until FROM runs WHERE run_id = $1 AND lease_until > $2",
          [.text(run.text), .instant(now)]
        ).map { .lease(now.duration(to: try $0.instant("lease_until"))) }
      }
    }
  }

  private enum Taken: Sendable {
    case taken(FencingToken)
    case refused(Claim)

    var claim: Claim {
      switch self {
      case .taken: .held(by: nil)
      case .refused(let claim): claim
      }
    }
  }

  private func take(_ run: RunID, lease: Duration?) async throws -> Taken {
    // Who owns the run where a try before this one was committed, and only its answer was lost.
    let tried = Mutex<Owner?>(nil)
    return try await database.transaction(.write(.claim)) { tx in
      // The update that changes nothing locks the row where rows have locks.
      guard
        let row = try await tx.row(
          "UPDATE runs SET token = token WHERE run_id = $1 RETURNING *", [.text(run.text)])
      else { throw Store.missing(run) }
      let record = try RunRecord(row)
      if let owner = record.owner, owner == tried.withLock({ $0 }) { return .taken(record.token) }
      let now = try await tx.now()
      let leaseUntil = try row.ifPresent("lease_until") { row, name throws(Fault) in try row.instant(name) }
      switch OwnerRule.decide(state: record.state, owner: record.owner, leaseUntil: leaseUntil, now: now) {
      case .over: return .refused(.over(record.state))
      case .held(let owner): return .refused(.held(by: owner))
      case .take: break
      }
      let token = FencingToken(record.token.number + 1)
      tried.withLock { $0 = Owner(host: host, processID: processID, since: now) }
      try await tx.run(
        """
        UPDATE runs SET token = $2, owner_host = $3, owner_pid = $4, owner_since = $5, lease_until = $6
        WHERE run_id = $1
        """,
        [
          .text(run.text), .integer(token.number), .text(host), .integer(Int64(processID)), .instant(now),
          .optional(lease.map(now.advanced)),
        ])
      try await tx.run(
        "INSERT INTO attempts (run_id, token, host, pid, started_at) VALUES ($1, $2, $3, $4, $5)",
        [
          .text(run.text), .integer(token.number), .text(host), .integer(Int64(processID)), .instant(now),
        ])
      return .taken(token)
    }
  }

  /// The run, if `ownership` still holds; its row is locked until the transaction ends.
  ///
  /// Who writes lives: that moves the lease's end on as well, since a renewal waits for the row while others write.
  func fence(_ ownership: Ownership, _ tx: any StateTransaction) async throws -> RunRecord {
    let owner: [StateValue] = [.text(ownership.run.text), .integer(ownership.token.number)]
    let row =
      switch owners {
      case .lockFiles:
        try await tx.row(
          "UPDATE runs SET token = token WHERE run_id = $1 AND token = $2 RETURNING *", owner)
      case .leases(let lease):
        // A run without a lease gets none. The clock (as `Connection.clock` has it) is read when the row is had.
        try await tx.row(
          """
          UPDATE runs SET lease_until = lease_until + GREATEST(0, $3 - lease_until
            + CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT))
          WHERE run_id = $1 AND token = $2 RETURNING *
          """, owner + [.integer(Int64(lease / .microseconds(1)))])
      }
    guard let row else { throw Store.fenced(ownership.run) }
    return try RunRecord(row)
  }

  /// What whoever had a run before is told.
  package static func fenced(_ run: RunID) -> Fault {
    Fault(
      "fenced", .conflict, "Run \(run) has been taken over by another process",
      hint: "Nothing more is written here; `tidemark show \(run)` names the new owner")
  }

  static func missing(_ run: RunID) -> Fault {
    Fault("no_such_run", .notFound, "The state store has no run \(run)")
  }
}

extension Fault {
  /// That somebody else has the run, or has taken it over: what becomes of it is theirs to write down.
  package var isAnothersRun: Bool { code == "held" || code == "fenced" }
}
