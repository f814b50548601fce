package import Engine
package import Model
package import StateStore

/// Ends a run for good: asks its owner where one lives, and does it itself where none does.
package struct RunCancellation: Sendable {
  private let store: Store
  private let raiseFences: @Sendable (RunRecord) async throws -> Bool
  private let warn: @Sendable (String) -> Void

  /// - Parameters:
  ///   - raiseFences: takes the targets away from whoever may still work on a run, which is marked as cancelled by
  ///     then: its owner may sleep, and not hear of it before it has published once more. Says whether the targets
  ///     hold its result already.
  ///   - warn: told where that failed, which holds up no cancelling.
  package init(
    store: Store, raiseFences: @escaping @Sendable (RunRecord) async throws -> Bool,
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.store = store
    self.raiseFences = raiseFences
    self.warn = warn
  }

  package enum Result: Hashable, Sendable {
    /// The run is cancelled.
    case ended
    /// Its owner will end it within seconds.
    case asked
    /// Nobody works on it, and it may have published: whoever resumes it asks the targets, and ends it so or so.
    case left
    /// It was over before.
    case over(RunState)
  }

  /// - Throws: `Fault` `no_such_run`; `illegal_move` past the first commit, from where a run only goes
  ///   forward.
  @discardableResult
  package func end(
    _ run: RunID, by: String, reason: String, fireOutcome: FireOutcome = .cancelled,
    pause: FailurePause? = nil
  ) async throws -> Result {
    guard let record = try await store.requestCancel(run, by: by, reason: reason) else {
      throw Fault(
        "no_such_run", .notFound, "There is no run `\(run)`", hint: "`tidemark history` lists runs")
    }
    if record.state.isFinal { return .over(record.state) }
    if try await store.cancelRequest(for: run) == nil {
      throw Store.illegal(.cancelled, record, isPastFirstCommit: true)
    }
    var isUndecided = false
    do {
      if try await raiseFences(record) {
        throw Store.illegal(.cancelled, record, isPastFirstCommit: true)
      }
    } catch let fault as Fault where fault.code == "illegal_move" {
      throw fault
    } catch {
      isUndecided = true
      warn(
        "an owner of run \(run) that sleeps may still publish when it wakes up: \(Fault(describing: error).sentence)"
      )
    }
    switch try await store.claim(run) {
    case .held: return .asked
    case .over(let state): return .over(state)
    case .owned(let ownership):
      let result: Result
      do {
        let facts = JSONValue.object([.init("by", .string(by)), .init("reason", .string(reason))])
        result = try await end(ownership, facts, isUndecided: isUndecided, fireOutcome, pause)
      } catch {
        try await store.release(ownership)
        throw error
      }
      try await store.release(ownership)
      return result
    }
  }

  /// Ends a run for good that has published into some of its stores, and leaves these as they are; one that has published
  /// nothing as `end` does. Its owner is asked to leave it, and waited for.
  /// - Parameter giveUp: takes all targets away from whoever had the run, and says what they hold.
  /// - Returns: with a run that is ended so, what it leaves behind.
  /// - Throws: `Fault` `no_such_run`; `held` where somebody works on it who does not hear.
  package func endPartly(
    _ run: RunID, by: String, reason: String,
    giveUp: @escaping @Sendable (RunRecord) async throws -> PartialResult
  ) async throws -> (result: Result, rest: PartialResult?) {
    let (claim, isAsked) = try await claim(run, askingFor: by, reason)
    switch claim {
    case .over(.cancelled) where isAsked: return (.ended, nil)
    case .over(let state): return (.over(state), nil)
    case .held:
      throw Fault(
        "held", .conflict, "Run \(run) is being worked on by another process, which does not leave it",
        hint: "It goes on by itself; stop that process first if it shall not")
    case .owned(let ownership):
      let rest: PartialResult?
      do {
        // A target that hangs is waited for longer than a lease lasts.
        rest = try await LeaseKeeper(store: store, ownership: { ownership }).watch {
          try await giveUpRest(of: ownership, by: by, reason: reason, giveUp)
        }
      } catch {
        try await store.release(ownership)
        throw error
      }
      try await store.release(ownership)
      if let rest { return (.ended, rest) }
      return (try await end(run, by: by, reason: reason), nil)
    }
  }

  /// How long an owner has time to leave a run, which nobody else takes up meanwhile.
  static let patience = Duration.seconds(60)

  /// Takes a run as soon as its owner has left it, who is asked for that.
  private func claim(
    _ run: RunID, askingFor by: String, _ reason: String
  ) async throws -> (Claim, isAsked: Bool) {
    let end = ContinuousClock.now + RunCancellation.patience
    var isAsked = false
    while true {
      let claim = try await store.claim(run)
      guard case .held = claim, .now < end else { return (claim, isAsked) }
      _ = try await store.requestCancel(run, by: by, reason: reason, givingUpRest: true)
      isAsked = true
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// - Returns: `nil` where no store holds anything of the run.
  private func giveUpRest(
    of ownership: Ownership, by: String, reason: String,
    _ giveUp: (RunRecord) async throws -> PartialResult
  ) async throws -> PartialResult? {
    guard let record = try await store.run(ownership.run),
      try await !store.sinkMarks(of: ownership.run).isEmpty
    else { return nil }
    let rest = try await giveUp(record)
    if rest.sinks.isEmpty { return nil }
    // There is nothing to give up: it is only to be finished.
    if rest.missing.isEmpty { throw Store.illegal(.cancelled, record, isPastFirstCommit: true) }
    let facts = JSONValue.object([
      .init("by", .string(by)), .init("reason", .string(reason)),
      .init("published", .array(rest.held.map(JSONValue.string))),
      .init("given_up", .array(rest.missing.map(JSONValue.string))),
    ])
    // Also those whose answers were lost: by them the next run knows that it is a new revision.
    try await store.markCommitted(sinks: rest.sinks, for: ownership)
    try await store.stopPublishing(ownership, facts)
    var move = RunMove(to: .cancelled, event: EventDraft("run_cancelled", facts), fireOutcome: .cancelled)
    move.givesUpRest = true
    try await store.move(ownership, move)
    return rest
  }

  /// - Parameter isUndecided: not all targets could be asked what they hold of it.
  private func end(
    _ ownership: Ownership, _ facts: JSONValue, isUndecided: Bool, _ fireOutcome: FireOutcome,
    _ pause: FailurePause?
  ) async throws -> Result {
    // One that has come to its sinks may have published before it failed or was interrupted.
    if isUndecided {
      let isPublishing = try await store.run(ownership.run)?.state == .publishing
      let marks = try await store.sinkMarks(of: ownership.run)
      if isPublishing || !marks.isEmpty { return .left }
    }
    try await store.stopPublishing(ownership, facts)
    try await store.move(
      ownership,
      RunMove(
        to: .cancelled, event: EventDraft("run_cancelled", facts), fireOutcome: fireOutcome, pause: pause))
    return .ended
  }
}
