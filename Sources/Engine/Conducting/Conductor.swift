internal import Model
internal import Runtime
internal import StateStore

/// Runs one job for one identity: opens the run, owns it, and takes it from plan to published.
///
/// Calling it again after any crash goes on where the last owner stopped.
package struct Conductor: Sendable {
  let environment: EngineEnvironment
  var store: Store { environment.store }

  package init(_ environment: EngineEnvironment) {
    self.environment = environment
  }

  /// - Parameter matrixRowName: the row's name, empty for a job without matrix.
  /// - Throws: `Fault` or `Faults`; class `conflict` where somebody else has the run, `interrupted`
  ///   where the task was cancelled, in which case the run can be resumed.
  package func run(_ request: RunRequest, matrixRowName: String = "") async throws -> RunOutcome {
    var context = try RunContext(
      request, matrixRowName: matrixRowName, now: environment.now(), zones: environment.zones)
    var new = new(request, context)
    new.takesSerial = context.identity.interval == nil
    try sweep()
    try Failpoint.hit(.runOpen)
    let record: RunRecord
    let isResumed: Bool
    switch try await store.openRun(new) {
    case .succeeded(let done) where done.isEarly && context.hasEnded:
      // What came between its beginning and the interval's end is not in it.
      var request = request
      request.again = true
      return try await run(request, matrixRowName: matrixRowName)
    case .succeeded(let done): return .alreadyDone(done)
    case .fireTaken(let fire): return .fireTaken(fire)
    case .created(let created): (record, isResumed) = (created, false)
    case .unfinished(let unfinished):
      (record, isResumed) = (unfinished, true)
      context.begin(as: record)
      new = self.new(request, context)
    }
    (context.identity, new.identity, new.takesSerial) = (record.identity, record.identity, false)
    // An unfinished replay stays one, whoever goes on with it, unless the interval is to be read anew.
    if !request.again { new.replayOf = record.replayOf }
    let outcome = try await goOn(request, context, record, new, isResumed: isResumed)
    guard request.again, case .succeeded(let summary) = outcome, summary.replayOf != nil else {
      return outcome
    }
    // A replay that had published something was finished; the interval is still to be read anew.
    var request = request
    request.fire = nil
    return try await run(request, matrixRowName: matrixRowName)
  }

  /// Removes what killed processes have left, of whatever run: also where this one is done already.
  func sweep() throws(Fault) {
    try SpillFolder.removeAbandoned(in: environment.scratchFolder)
  }

  func new(_ request: RunRequest, _ context: RunContext) -> NewRun {
    NewRun(
      identity: context.identity, jobHash: request.jobHash,
      settings: .object(
        [
          .init("job_file", .string(request.job.file)),
          .init("started_by", .string(request.startedBy.rawValue)),
          .init("again", .boolean(request.again)),
          .init("fire_time", .integer(context.fireTime.microseconds)),
        ] + (request.matrixRow?.settings ?? [])), pool: request.job.limits.pool,
      again: request.again, fire: request.fire)
  }

  /// Takes an open run to its end.
  /// - Parameter refusal: why it cannot go by the present job: thrown, with nothing recorded, unless the run has published
  ///   something.
  func goOn(
    _ request: RunRequest, _ context: RunContext, _ record: RunRecord, _ new: NewRun, isResumed: Bool,
    refusal: Faults? = nil
  ) async throws -> RunOutcome {
    let ownership = try await own(record)
    environment.report(record.id, .opened(revision: record.revision, isResumed: isResumed))
    if let owner = record.owner {
      environment.report(record.id, .takenOver(from: "\(owner.host) pid \(owner.processID)"))
    }
    return try await carryOut(request, context, record, ownership, new, refusal)
  }

  private func own(_ record: RunRecord) async throws -> Ownership {
    switch try await environment.store.claim(record.id) {
    case .owned(let ownership): return ownership
    case .held(let owner):
      let who =
        owner.map { "process \($0.processID) on \($0.host) since \($0.since.text())" } ?? "another process"
      throw Fault(
        "held", .conflict, "Run \(record.id) of \(record.identity.job) is being worked on by \(who)",
        hint: "It goes on by itself; `tidemark status` shows it")
    case .over(let state):
      throw Fault(
        "held", .conflict, "Run \(record.id) of \(record.identity.job) ended as \(state.rawValue) just now",
        hint: "Run the command again")
    }
  }

  /// One attempt, and what is written about its end.
  private func carryOut(
    _ request: RunRequest, _ context: RunContext, _ record: RunRecord, _ ownership: Ownership,
    _ new: NewRun, _ refusal: Faults?
  ) async throws -> RunOutcome {
    let environment = environment.ofRun(record.id, request.job.errors.retry)
    let attempt = Attempt(
      environment: environment, request: request, context: context, record: record, ownership: ownership,
      new: new, refusal: refusal)
    do {
      let summary = try await Keeper(
        store: environment.store, ownership: { attempt.ownership }, limits: request.job.limits
      ).watch {
        try await attempt.carryOut()
      }
      return .succeeded(summary)
    } catch let refused as Attempt.Refused {
      // Nobody has tried anything: the run stays as it was, with its fire.
      try await environment.store.release(ownership)
      throw refused.faults
    } catch {
      let store = environment.store
      let current = await attempt.current
      let met = Fault(endingRun: error)
      let fault = try await Keeper.meaning(of: met, to: current.ownership, in: store)
      let ending = RunEnding(environment: environment, request: request, context: context)
      try await ending.record(fault, run: current, start: attempt.start)
      if fault == met, let several = error as? Faults { throw several }
      throw fault
    }
  }
}

extension Fault {
  /// What ended a run.
  fileprivate init(endingRun error: any Error) {
    self.init(describing: error)
    if error is CancellationError {
      sentence = "The run was stopped"
      hint = "Run the same command again to go on"
    }
  }
}
