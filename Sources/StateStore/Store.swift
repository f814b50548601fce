package import Model
internal import Runtime

/// The state of all runs, schedules and notices of a project: the one way to it.
///
/// Every method is one transaction and may be called from any task; none is cut short by the
/// cancellation of its task. A method that writes for a run takes the `Ownership` and throws
/// `Fault` `fenced` (class `conflict`) once somebody else has taken the run over. Each may be
/// repeated after a lost answer with the same effect as once.
package struct Store: Sendable {
  let database: any StateDatabase
  let owners: OwnerRule
  /// Whom this process claims runs as.
  let host: String
  let processID: Int32
  /// Where a state would lie, for one that stands in for it.
  var absentLocation: String? = nil
  /// The clock of this host; see `ClockGap`.
  var hostNow: @Sendable () -> Instant = { SystemClock.now }

  /// The number of the layout that an open store has.
  package static var layout: Int { Migration.newest }

  package var location: String { absentLocation ?? database.location }

  /// There is no state where one would lie; this empty one stands in for it.
  package var isAbsent: Bool { absentLocation != nil }

  /// What says so.
  package static func absent(_ location: String) -> Fault {
    Fault(
      "no_state", .notFound, "There is no state yet at \(location)",
      hint: "The first `tidemark run`, `tick` or `scheduler` makes it; `--state` names another one")
  }

  /// Whether a run's owner is this very process.
  package func isOurs(_ owner: Owner) -> Bool { owner.host == host && owner.processID == processID }

  /// The clock that records are dated by: of the database where several hosts share it, and so perhaps not this host's.
  package func now() async throws -> Instant {
    try await database.transaction(.read) { tx in try await tx.now() }
  }

  /// Looks for damage, changing nothing: one sentence per finding.
  package func check() async throws -> [String] {
    let damage = try await database.check()
    if !damage.isEmpty { return damage }
    return try await database.transaction(.read) { tx in
      try await tx.rows(
        """
        SELECT runs.run_id FROM runs LEFT JOIN (
            SELECT run_id, COUNT(*) AS chunk_count, SUM(read_rows) AS read_rows,
              SUM(quarantined) AS quarantined
            FROM chunks GROUP BY run_id) AS done ON done.run_id = runs.run_id
        WHERE runs.chunks <> COALESCE(done.chunk_count, 0)
          OR runs.read_rows <> COALESCE(done.read_rows, 0)
          OR runs.quarantined <> COALESCE(done.quarantined, 0)
        ORDER BY runs.run_id
        """, []
      ).map { "The totals of run \(try $0.text("run_id")) are not those of its chunks" }
    }
  }

  /// Gives space back that purged records leave, while others go on.
  /// - Throws: `Fault` `state_in_use` where that cannot be while a run goes on.
  package func compact() async throws {
    try await database.compact {
      guard case .lockFiles(let locks) = owners else { return }
      guard let run = try locks.runs().first(where: locks.isHeld) else { return }
      throw Fault(
        "state_in_use", .conflict,
        "Run \(run) is going on, and a state file of an older Tidemark is compacted as a whole for the first time",
        hint: "Run this again when no run goes on; from then on nobody is held up by it")
    }
  }

  /// The same state, waited for as long as `retry` says while another process keeps it busy.
  /// - Parameter tell: is told of each time that it was busy and is asked again.
  package func patient(_ retry: ErrorRules.Retry, tell: @escaping @Sendable (Fault) -> Void) -> Store {
    Store(
      database: PatientDatabase(base: database, retry: retry, tell: tell), owners: owners, host: host,
      processID: processID, absentLocation: absentLocation, hostNow: hostNow)
  }

  package func close() async {
    await database.close()
  }
}
