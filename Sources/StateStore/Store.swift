internal import Model

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

  package var location: String { database.location }

  /// Looks for damage, changing nothing: one sentence per finding.
  package func check() async throws -> [String] {
    try await database.check()
  }

  /// Gives space back that purged records leave.
  package func compact() async throws {
    try await database.compact()
  }

  package func close() async {
    await database.close()
  }
}
