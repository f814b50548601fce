internal import Model
internal import Runtime
internal import StateStore

/// Publishing: merge, check, commit, succeed.
extension Attempt {
  func publish(_ prepared: Prepared, _ publisher: Publisher) async throws -> RunSummary {
    guard let now = try await store.run(record.id) else {
      throw Fault("no_such_run", .internal, "Run \(record.id) is gone from the state store")
    }
    record = now
    if isPastFirstCommit, record.state != .publishing {
      // A fault came between two commits: from there the only way is forward.
      try await store.move(
        ownership, RunMove(to: .publishing, event: EventDraft("run_publishing", .object([]))))
    } else if record.state != .publishing {
      try await store.move(
        ownership, RunMove(to: .merging, event: EventDraft("run_merging", .object([]))))
    }
    try Failpoint.hit(.mergeStarted)
    let made = try await publisher.makeResult(
      maker(prepared), rejected: record.totals.rows.quarantined, token: ownership.token)
    do {
      return try await publish(made, publisher)
    } catch {
      try await publisher.discard()
      throw error
    }
  }

  func maker(_ prepared: Prepared) -> ResultMaker {
    ResultMaker(environment: environment, plan: prepared.plan, run: record.id, work: prepared.work)
  }

  /// What the run is to go by once something is published.
  var commitment: Commitment {
    binding?.commitment ?? Commitment(request, fireTime: context.fireTime, answers: answers)
  }

  func publish(_ made: ResultMaker.Made, _ publisher: Publisher) async throws -> RunSummary {
    report(.prepared(rows: made.rows, hash: made.hash))
    try await publisher.markPrepared(
      made, commitment: binding?.commitment == nil ? commitment : nil, ownership: ownership)
    if record.state != .publishing, !isPastFirstCommit {
      try await store.move(
        ownership,
        RunMove(
          to: .prepared,
          event: EventDraft(.prepared(rows: made.rows, hash: made.hash))),
        RunMove(to: .publishing, event: EventDraft("run_publishing", .object([]))))
    }
    // Who asked before the marks were there has raised no fence.
    try await Keeper.refuseCancelled(record.id, in: store)
    try Failpoint.hit(.publishStarted)
    let sinks = try await publisher.commit(made, ownership: ownership, budget: RetryBudget(job.errors.retry))
    return try await succeed(made, sinks, publisher.warnings + warnings)
  }

  func succeed(
    _ made: ResultMaker.Made, _ sinks: [RunSummary.Sink], _ warnings: [String]
  ) async throws -> RunSummary {
    var warnings = warnings
    if let origin = record.replayOf {
      try await store.markReplayed(origin, by: ownership)
      if stepsHaveChanged {
        warnings.append(
          "the job or its lookups have changed since run \(origin): only the replayed rows went through them")
      }
    }
    let elapsed = ContinuousClock.now - start
    // By the time at which it was begun to read: the interval may have ended meanwhile.
    if let end = record.identity.interval?.end, end > environment.now().advanced(by: .zero - elapsed) {
      warnings.append(
        "the interval ends only at \(end.text(in: context.zone)): what comes until then is not in the result."
          + " Run it again then, with --again"
          + (job.schedule == nil ? "" : "; the schedule does so by itself"))
    }
    let chunks = try await store.finishedChunks(of: record.id)
    let history = ReadHistory(chunks, try await store.events(of: record.id))
    let snapshots = history.snapshotsOfOneConnection
    if snapshots > 1, job.sources.contains(where: { $0.onResume == .keep }) {
      warnings.append(
        "finished chunks were kept whatever has changed since (`on_resume: keep`): the result is of \(snapshots) snapshots,"
          + " which `tidemark report \(record.id)` lists")
    }
    var summary = RunSummary(
      run: record.id, job: job.name, matrixRow: record.identity.matrixRow, label: context.label,
      revision: record.revision, rows: record.totals.rows, chunks: record.totals.chunks,
      resultRows: made.rows, hash: made.hash,
      seconds: Double(elapsed.milliseconds) / 1000, sinks: sinks, warnings: warnings,
      lookups: LookupTally.sum(chunks, replay: record.replayOf.map { _ in record.id }),
      replayOf: record.replayOf)
    summary.warnings += try await RunEnding(environment: environment, request: request, context: context)
      .succeed(summary, history, ownership: ownership, record: record)
    return summary
  }
}
