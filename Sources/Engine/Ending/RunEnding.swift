internal import Model
internal import Runtime
internal import StateStore

/// Writes how an attempt ended: state, receipt, notices and the fire's outcome, in one transaction.
struct RunEnding: Sendable {
  var environment: EngineEnvironment
  var request: RunRequest
  var context: RunContext

  // MARK: Success

  /// - Returns: what could not be done behind the success, as sentences. It takes nothing of it back.
  func succeed(
    _ summary: RunSummary, _ history: ReadHistory, ownership: Ownership, record: RunRecord
  ) async throws -> [String] {
    let event = RunEvent.succeeded(
      rows: summary.rows, groups: summary.resultRows, seconds: summary.seconds)
    var events: Set<NoticeEvent> = [.success]
    if record.failures > 0 { events.insert(.recovery) }
    let now = environment.now()
    try Failpoint.hit(.runBeforeSuccess)
    try await environment.store.move(
      ownership,
      RunMove(
        to: .succeeded, event: EventDraft(event),
        notices: NoticeDecision(request: request, context: context).drafts(
          events, run: record, facts: summary.json.members + (try await recovery(record)))
          + request.lateNotices(at: now),
        receipt: receipt(summary, history, record), fireOutcome: request.outcome(at: now)))
    environment.report(record.id, event)
    var undone: [String] = []
    do {
      try Failpoint.hit(.runAfterSuccess)
      try await tidyUp(record)
    } catch {
      let fault = Fault(describing: error)
      undone.append("its fires and old runs were not tidied up, which the next run does: \(fault.sentence)")
    }
    await environment.store.releaseQuietly(ownership, report: environment.report)
    return undone
  }

  /// Closes the other fires that the run has made, and removes what is kept no longer.
  private func tidyUp(_ record: RunRecord) async throws {
    try await environment.store.closeFires(
      coveredBy: record.id, as: .ran, clockParameters: try request.clockParameters(zones: environment.zones))
    let retention = request.job.retention
    let now = environment.now()
    _ = try await environment.store.purge(
      project: request.project.name, job: request.job.name,
      runsBefore: now.advanced(by: .zero - retention.runs),
      quarantineBefore: now.advanced(by: .zero - retention.quarantine))
  }

  /// Since when a run had failed that now has succeeded.
  private func recovery(_ record: RunRecord) async throws -> [JSONValue.Member] {
    if record.failures == 0 { return [] }
    let failed = try await environment.store.attempts(of: record.id).filter { $0.endState == .failed }
    return failed.compactMap(\.endedAt).min().map {
      [.init("failed_since", .string($0.text(in: context.zone)))]
    } ?? []
  }

  /// The run's whole record, for `show` and for auditors.
  private func receipt(_ summary: RunSummary, _ history: ReadHistory, _ record: RunRecord) -> JSONValue {
    .object(
      summary.json.members + history.members + [
        .init("identity", .string(record.identity.key)),
        .init("job_file", .string(request.job.file)), .init("job_hash", .string(request.jobHash)),
        .init("fingerprint", .optional(record.fingerprint)), .init("zone", .string(context.zone.name)),
        .init(
          "interval_start", .optional(context.identity.interval?.start.text())),
        .init("interval_end", .optional(context.identity.interval?.end.text())),
        .init(
          "parameters",
          .object(
            record.identity.parameters.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })),
      ])
  }

  // MARK: Anything else

  /// Records a fault: as failed, interrupted, or cancelled. A run that was taken over is not touched.
  func record(
    _ fault: Fault, run current: (record: RunRecord, ownership: Ownership), start: ContinuousClock.Instant
  ) async throws {
    let (record, ownership) = current
    if fault.isAnothersRun { return }
    let (state, event) = ending(fault)
    var events: Set<NoticeEvent> = []
    if state == .failed { events.insert(fault.kind == .check ? .checkFailed : .failure) }
    if fault.kind == .check { events.insert(.failure) }
    // The task may be cancelled by now: the store is not cut short by that.
    let outlook = state == .failed ? try await outlook(record) : []
    let move = RunMove(
      to: state, event: EventDraft(event), fault: fault,
      notices: NoticeDecision(request: request, context: context).drafts(
        events, run: record,
        facts: [
          .init("run", .string(record.id.text)), .init("interval", .optional(context.label)),
          .init("code", .string(fault.code)),
          .init("fault", .string(fault.sentence)), .init("cause", .optional(fault.cause)),
          .init("hint", .optional(fault.hint)),
        ] + outlook),
      fireOutcome: fireOutcome(state, record), pause: request.pause?(fault))
    let store = environment.store
    // What fails behind the success, such as closing fires, takes nothing of it back.
    let now = try await store.run(record.id)?.state ?? record.state
    if now != .succeeded {
      let isPublished = try await store.sinkMarks(of: record.id).contains { $0.committedAt != nil }
      try await store.move(
        ownership,
        move.to == .cancelled && (now == .publishing || isPublished) ? move.interrupting : move)
      environment.report(record.id, event)
    }
    await store.releaseQuietly(ownership, report: environment.report)
  }

  /// When a run that fails is tried again by itself, or else what somebody is to do.
  private func outlook(_ record: RunRecord) async throws -> [JSONValue.Member] {
    let rules = request.job.errors
    if RerunRule.allowsAnother(record, rules), try await isTriedAgain(record) {
      let moment = try await environment.store.now().advanced(by: rules.rerunWait)
      return [.init("retry_at", .string(moment.text(in: context.zone)))]
    }
    return [.init("next", .string("tidemark resume \(record.id)"))]
  }

  private func isTriedAgain(_ record: RunRecord) async throws -> Bool {
    if request.waitsToRerun { return true }
    let identity = record.identity
    return try await RerunRule.scheduled(project: identity.project, job: identity.job, environment.store)
      .contains(record.id)
  }

  /// `nil` where the fire stays with the run, which will be gone on with.
  private func fireOutcome(_ state: RunState, _ record: RunRecord) -> FireOutcome? {
    switch state {
    case .cancelled: .cancelled
    case .failed: RerunRule.allowsAnother(record, request.job.errors) ? nil : .failed
    default: nil
    }
  }

  private func ending(_ fault: Fault) -> (RunState, RunEvent) {
    if fault.code == "cancelled" { return (.cancelled, .cancelled(reason: fault.sentence)) }
    if fault.kind == .interrupted { return (.interrupted, .interrupted(reason: fault.sentence)) }
    return (.failed, .failed(fault))
  }
}

extension RunMove {
  /// For a run that was cancelled while it published: whether that came too late is known when it is resumed. One that
  /// has published in part is left to whoever gives up its rest.
  fileprivate var interrupting: RunMove {
    var move = self
    move.to = .interrupted
    move.event = EventDraft("run_interrupted", self.event.body)
    move.fireOutcome = nil
    return move
  }
}

extension Store {
  /// Releases a run whose end is written. The lock goes with the process anyway, so a failure here is
  /// told and not thrown: it must not turn a run that ended well into one that did not.
  fileprivate func releaseQuietly(
    _ ownership: Ownership, report: @Sendable (RunID, RunEvent) -> Void
  ) async {
    do {
      try await release(ownership)
    } catch {
      report(
        ownership.run, .waiting(reason: "the run could not be released: \(Fault(describing: error).sentence)")
      )
    }
  }
}
