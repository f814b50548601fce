internal import Model
internal import Runtime
package import StateStore

extension Conductor {
  /// Processes the rejected rows of a succeeded run again, and publishes its next revision: the run's
  /// sealed partials, and those of the rows. Calling it again after any crash goes on.
  /// - Parameter request: the present job, with the run's interval, parameters and matrix row.
  /// - Returns: `alreadyDone` where a replay of the run has succeeded before.
  /// - Throws: `Fault` or `Faults`: `not_succeeded`, `replaced_run`, `unfinished_run` (class conflict),
  ///   `replay_append`, `replay_misfit`, `partials_purged`, and as `run` does.
  package func replay(_ origin: RunRecord, _ request: RunRequest) async throws -> RunOutcome {
    try ReplayOrigin.checkSinks(request.job)
    try sweep()
    guard origin.state == .succeeded, let newest = try await store.succeededRun(of: origin.identity) else {
      throw Fault(
        "not_succeeded", .conflict,
        "Run \(origin.id) is \(origin.state.rawValue); only the rows of a run that has succeeded are replayed",
        hint: origin.state.isFinal ? nil : "`tidemark run \(origin.identity.job)` goes on with it")
    }
    if newest.id != origin.id {
      if try await isReplay(newest, of: origin.id) { return .alreadyDone(newest) }
      throw Fault(
        "replaced_run", .conflict,
        "Run \(origin.id) was replaced by revision \(newest.revision), run \(newest.id)",
        hint: "Replay that one, if it has rows in quarantine")
    }
    let context = try RunContext(of: origin, request, in: environment)
    var new = new(request, context)
    new.again = true
    new.replayOf = origin.id
    switch try await store.openRun(new) {
    case .created(let record): return try await goOn(request, context, record, new, isResumed: false)
    case .unfinished(let record) where record.replayOf == origin.id:
      return try await goOn(request, context, record, new, isResumed: true)
    case .unfinished(let record):
      throw Fault(
        "unfinished_run", .conflict,
        "Run \(record.id) is to become the next revision of the same interval and is not finished",
        hint:
          "Finish it with `tidemark run \(record.identity.job)`, or end it with `tidemark cancel \(record.id)`"
      )
    case .succeeded(let done): return .alreadyDone(done)
    case .fireTaken(let fire): return .fireTaken(fire)
    }
  }

  /// Goes on with exactly this run, whatever its interval and serial.
  /// - Parameter request: the present job, with the run's interval, parameters and matrix row. Where the job no longer
  ///   has those, a run that has published something is finished as it was begun, and any other is left as it is.
  /// - Throws: as `run` does.
  package func resume(_ record: RunRecord, _ request: RunRequest) async throws -> RunOutcome {
    try sweep()
    let basis = try await ResumeContext(record, request, in: environment)
    var new = new(request, basis.context)
    new.replayOf = record.replayOf
    return try await goOn(
      request, basis.context, record, new, isResumed: true, refusal: basis.refusal?.faults)
  }

  /// Whether `run` is a replay of `origin`, or a replay of one.
  private func isReplay(_ run: RunRecord, of origin: RunID) async throws -> Bool {
    var run = run
    while let previous = run.replayOf {
      if previous == origin { return true }
      guard let next = try await store.run(previous) else { return false }
      run = next
    }
    return false
  }
}
