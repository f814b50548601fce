package import Model
package import StateStore

/// Ends a run for good: asks its owner where one lives, and does it itself where none does.
package struct RunCancellation: Sendable {
  private let store: Store

  package init(store: Store) {
    self.store = store
  }

  package enum Result: Hashable, Sendable {
    /// The run is cancelled.
    case ended
    /// Its owner will end it within seconds.
    case asked
    /// It was over before.
    case over(RunState)
  }

  /// - Throws: `Fault` `no_such_run`; `illegal_move` past the first commit, from where a run only goes
  ///   forward.
  @discardableResult
  package func end(
    _ run: RunID, by: String, reason: String, fireOutcome: FireOutcome = .cancelled
  ) async throws -> Result {
    guard let record = try await store.requestCancel(run, by: by, reason: reason) else {
      throw Fault(
        "no_such_run", .notFound, "There is no run `\(run)`", hint: "`tidemark history` lists runs")
    }
    if record.state.isFinal { return .over(record.state) }
    if record.cancel == nil { throw Store.illegal(.cancelled, record, isPastFirstCommit: true) }
    switch try await store.claim(run) {
    case .held: return .asked
    case .over(let state): return .over(state)
    case .owned(let ownership):
      let facts = JSONValue.object([.init("by", .string(by)), .init("reason", .string(reason))])
      do {
        try await store.move(
          ownership,
          RunMove(to: .cancelled, event: EventDraft("run_cancelled", facts), fireOutcome: fireOutcome))
      } catch {
        try await store.release(ownership)
        throw error
      }
      try await store.release(ownership)
      return .ended
    }
  }
}
