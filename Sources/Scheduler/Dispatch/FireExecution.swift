internal import Engine
package import Model
package import Runtime
package import StateStore

/// Runs one fire to its end and sees to it that the ledger says how it ended.
package struct FireExecution: Sendable {
  private let store: Store
  private let runner: any FireRunner
  private let zones: ZoneFiles
  private let now: @Sendable () -> Instant
  private let cancellation: RunCancellation

  /// - Parameter cancellation: ends runs that nobody can go on with any more.
  package init(
    store: Store, runner: any FireRunner, zones: ZoneFiles, now: @escaping @Sendable () -> Instant,
    cancellation: RunCancellation
  ) {
    self.store = store.hosted(by: now)
    self.runner = runner
    self.zones = zones
    self.now = now
    self.cancellation = cancellation
  }

  /// - Throws: `Fault` of the state store; what went wrong with the run is in the report.
  package func carryOut(_ order: FireOrder) async throws -> FireReport {
    var report = FireReport(
      job: order.job.id, fire: order.fire.fire, interval: order.interval, outcome: .pending)
    do {
      let alarm = alarm(order.request)
      defer { alarm?.cancel() }
      guard let outcome = try await begin(order) else { return try await read(report, order) }
      switch outcome {
      case .succeeded(let summary): report.summary = summary
      case .alreadyDone(let done):
        try await store.closeFire(order.fire, madeBy: done)
      case .fireTaken: break
      }
    } catch {
      let fault = Fault(describing: error)
      report.fault = fault
      // What may go well later stays pending; a claimed fire is closed by its run.
      if !fault.isTransient, fault.kind != .interrupted, fault.kind != .conflict {
        try await store.closeFire(
          order.fire, as: .failedToStart, note: fault.sentence,
          notices: ScheduleNotices(job: order.job).missed([order.fire.fire], reason: fault.sentence),
          pause: ScheduleNotices(job: order.job).pause(order.fire.fire, fault))
      }
    }
    report = try await read(report, order)
    // Stopped behind its end, it has left nothing to do.
    if report.fault?.kind == .interrupted, report.outcome.isSuccess { report.fault = nil }
    if [.failed, .failedToStart].contains(report.outcome) {
      report.pause = try await store.pauses(project: order.fire.project).first {
        $0.job == order.fire.job && $0.isForFailures
      }
    }
    return report
  }

  /// Tells that the run is late while it still goes on. What cannot be told then is told at its end.
  private func alarm(_ request: RunRequest) -> Task<Void, any Error>? {
    guard let deadline = request.finishBy, now() < deadline else { return nil }
    return Task {
      try await Task.sleep(for: now().duration(to: deadline))
      try await store.enqueue(request.lateNotices)
    }
  }

  /// Completes a report with what the ledger says now.
  private func read(_ report: FireReport, _ order: FireOrder) async throws -> FireReport {
    var report = report
    let moment = TimeRange(
      start: order.fire.fire, end: Instant(microseconds: order.fire.fire.microseconds + 1))
    let record = try await store.fires(
      project: order.fire.project, job: order.fire.job, matrixRow: order.fire.matrixRow, in: moment
    ).first
    report.outcome = record?.outcome ?? .pending
    report.run = record?.run
    return report
  }

  /// - Returns: `nil` where there is nothing left to run.
  private func begin(_ order: FireOrder) async throws -> RunOutcome? {
    var request = order.request
    if let run = order.leftBy {
      // Under `span: fire` it goes on with what it was begun for, whichever schedule gave that: an older Tidemark went by
      // the one of the moment, and not by what the fire was entered with.
      if case .fire(let fire, _) = request.choice {
        request.choice = .fire(fire, entered: run.identity.interval)
      }
      guard let identity = try stillAsked(run, request) else {
        return try await end(
          run, request, by: "schedule", reason: "the job no longer has that interval or those parameters",
          fireOutcome: .failed)
      }
      if run.state == .failed, let asked = try await store.cancelRequest(for: run.id) {
        return try await end(run, request, by: asked.by, reason: asked.reason, fireOutcome: .cancelled)
      }
      if identity.key != run.identity.key {
        request.parameters = run.identity.parameters
        return try await runner.resume(run, request)
      }
      return try await runner.run(request, matrixRowName: order.job.id.row)
    }
    let identity = try identity(request, order.job.id.row)
    request.again = try await store.isMadeUnseen(identity, order.fire)
    return try await runner.run(request, matrixRowName: order.job.id.row)
  }

  private func identity(_ request: RunRequest, _ row: String) throws -> RunIdentity {
    try RunContext(request, matrixRowName: row, now: now(), zones: zones).identity
  }

  /// The identity that a run would be begun with now, whose parameters older versions spelt as they were given.
  /// - Returns: `nil` where the job would not do now what the run was begun for.
  private func stillAsked(_ run: RunRecord, _ request: RunRequest) throws -> RunIdentity? {
    do {
      var identity = try identity(request, run.identity.matrixRow)
      identity.serial = run.identity.serial
      var begun = run.identity
      var request = request
      request.parameters = begun.parameters
      begun.parameters = try request.parameterTexts(zones: zones)
      return identity.key == begun.key ? identity : nil
    } catch let faults as Faults where faults.all.allSatisfy({ $0.code.hasSuffix("_parameter") }) {
      // What a trigger gave and the job no longer takes.
      return nil
    }
  }

  /// Ends a run that nobody is to go on with any more, unless it has published and goes by what was saved then.
  /// - Throws: `Fault` `undecided` where that is not known yet, `held` where somebody works on it.
  private func end(
    _ run: RunRecord, _ request: RunRequest, by: String, reason: String, fireOutcome: FireOutcome
  ) async throws -> RunOutcome? {
    do {
      switch try await cancellation.end(
        run.id, by: by, reason: reason, fireOutcome: fireOutcome,
        pause: fireOutcome == .failed ? request.pause?(nil) : nil)
      {
      case .ended, .over: return nil
      case .asked:
        throw Fault(
          "held", .conflict, "Run \(run.id) of \(run.identity.job) is being worked on by another process",
          hint: "It was asked to end: \(reason)")
      case .left:
        throw Fault(
          "undecided", .connection,
          "Run \(run.id) of \(run.identity.job) may have published, and a target that knows cannot be asked",
          hint:
            "It is asked again with the next tick; `tidemark resume \(run.id)` finishes the run or ends it",
          isTransient: true)
      }
    } catch let fault as Fault where fault.code == "illegal_move" {
      var request = request
      request.choice = run.identity.interval.map(IntervalChoice.range) ?? .latest
      request.parameters = run.identity.parameters
      return try await runner.resume(run, request)
    }
  }
}
