package import Model

/// What a scheduler goes by, as of one moment.
package struct LedgerView: Sendable {
  /// The only job that it tells of; `nil` for all of the project.
  package var job: JobName?
  /// Oldest first.
  package var openFires: [FireRecord]
  package var pauses: [JobName: PauseRecord]
  /// The runs that somebody may be working on.
  package var runs: [RunRecord]
  package var clocks: ClockGap

  package func covers(_ job: JobName) -> Bool { self.job == nil || self.job == job }
}

extension Store {
  /// Reads the ledger of a job, or of all jobs, in one transaction.
  package func ledgerView(project: String, job: JobName? = nil) async throws -> LedgerView {
    try await database.transaction(.read) { tx in
      let open = try await openFires(project, job, tx)
      let pauses = try await pauses(project, tx)
      // Where nothing waits, nobody asks what runs.
      let active = RunFilter(
        project: project, job: job, states: RunState.active, isUnfinished: true, limit: 100_000)
      let runs = open.isEmpty ? [] : try await runs(active, tx)
      return LedgerView(
        job: job, openFires: open,
        pauses: Dictionary(pauses.map { ($0.job, $0) }, uniquingKeysWith: { first, _ in first }),
        runs: runs, clocks: try await clockGap(tx))
    }
  }
}

extension RunState {
  /// Those of a run that has an owner, or lost one in the middle.
  fileprivate static let active = Set(allCases.filter { !$0.isFinal && $0 != .failed })
}
