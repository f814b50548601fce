internal import Model
internal import Runtime

/// A state that is waited for while another process keeps it busy, longer than the database itself waits: who compacts
/// it, copies it, or was stopped amid a write.
struct PatientDatabase: StateDatabase {
  let base: any StateDatabase
  let retry: ErrorRules.Retry
  /// Is told of each time that it was busy and is asked again.
  let tell: @Sendable (Fault) -> Void

  var location: String { base.location }

  /// - Throws: what was busy to the end is transient no more: whoever asked would begin to wait anew.
  func transaction<Result: Sendable>(
    _ kind: TransactionKind, _ body: @Sendable (any StateTransaction) async throws -> Result
  ) async throws -> Result {
    var budget = RetryBudget(retry)
    do {
      return try await budget.repeating(where: Self.isWorthIt) {
        try await base.transaction(kind, body)
      } failed: { fault, _, _ in
        tell(fault)
      }
    } catch var fault as Fault where Self.isWorthIt(fault) {
      fault.isTransient = false
      throw fault
    }
  }

  private static func isWorthIt(_ fault: Fault) -> Bool {
    fault.code == SQLiteFault.busy && !Task.isCancelled
  }

  func check() async throws -> [String] { try await base.check() }

  func compact(alone: @Sendable () throws -> Void) async throws { try await base.compact(alone: alone) }

  func close() async { await base.close() }
}
