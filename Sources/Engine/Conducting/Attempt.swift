internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import Sinks
internal import StateStore

/// One owner's try at a run: plan, read, merge, check, publish.
///
/// It begins wherever the run stands: past the first commit it only publishes what is left.
actor Attempt {
  private let environment: EngineEnvironment
  private let request: RunRequest
  private let context: RunContext
  private let new: NewRun
  private var record: RunRecord
  private var ownership: Ownership
  nonisolated let start = ContinuousClock.now
  private var budget: RetryBudget
  /// The replayed rows go through other steps than the origin's rows went through.
  private var stepsHaveChanged = false

  init(
    environment: EngineEnvironment, request: RunRequest, context: RunContext, record: RunRecord,
    ownership: Ownership, new: NewRun
  ) {
    self.environment = environment
    self.request = request
    self.context = context
    self.record = record
    self.ownership = ownership
    self.new = new
    budget = RetryBudget(request.job.errors.retry)
  }

  /// The run that the attempt is at; another one than at the start if its plan was superseded.
  var current: (record: RunRecord, ownership: Ownership) { (record, ownership) }

  private var store: Store { environment.store }
  private var job: Job { request.job }

  private func report(_ event: RunEvent) {
    environment.report(record.id, event)
  }

  private func move(to state: RunState, _ event: RunEvent) async throws {
    try await store.move(
      ownership, RunMove(to: state, event: EventDraft(event.name, .object(event.facts))))
    report(event)
  }

  private var references: ReferenceScope {
    var references = context.references
    references["run.id"] = .value(.text(record.id.text), .text)
    return references
  }

  private var session: SessionSettings {
    SessionSettings(
      timeZone: context.zone.name, statementTimeout: job.limits.statementTimeout,
      lockTimeout: job.limits.lockTimeout)
  }

  func carryOut() async throws -> RunSummary {
    let spills = try SpillFolder(for: record.id, in: environment.scratchFolder)
    do {
      let summary = try await carryOut(spills)
      try spills.remove()
      return summary
    } catch {
      try spills.remove()
      throw error
    }
  }

  private func carryOut(_ spills: SpillFolder) async throws -> RunSummary {
    let asker = PlanAsker(environment: environment, job: job.name, run: record.id, session: session)
    do {
      let summary = try await carryOut(asker, spills)
      await asker.close()
      return summary
    } catch {
      await asker.close()
      throw error
    }
  }

  private func carryOut(_ asker: PlanAsker, _ spills: SpillFolder) async throws -> RunSummary {
    try NotYet.check(job)
    let prepared = try await plan(asker, spills)
    let publisher = try await Publisher.prepare(
      environment: environment, request: request, context: context, references: references,
      plan: prepared.plan, run: record, asker: asker, session: session)
    try await publisher.takeUpCommits(ownership: ownership)
    try await read(prepared, asker)
    return try await publish(prepared, publisher)
  }

  // MARK: Planning

  private struct Prepared {
    var plan: Plan
    var work: ChunkWork
    var servers: [String: ServerFacts]
    /// What a replay goes by; `nil` for a run that reads its source.
    var origin: ReplayOrigin?
  }

  private func plan(_ asker: PlanAsker, _ spills: SpillFolder) async throws -> Prepared {
    var plan = try await asker.plan(
      PlanRequest(job: job, references: references, connections: environment.project.connections))
    let lookups = try await LookupLoader(
      asker: asker, root: environment.project.root, session: session
    ).load(plan.lookups) { self.report(.lookupLoaded(step: $0, rows: $1)) }
    let servers = await asker.servers
    let text = PlanFingerprint(
      plan: plan, identity: context.identity, lookups: lookups.hashes,
      systemIdentifiers: servers.mapValues(\.systemIdentifier), zone: context.zone.name,
      zoneVersion: environment.zones.dataVersion, partialFormat: Int(PartialBlock.formatVersion)
    ).text
    let signature = SHA256.hexadecimal(
      PartialSignature(
        plan: plan, zone: context.zone.name, partialFormat: Int(PartialBlock.formatVersion)
      ).text)
    var origin: ReplayOrigin?
    if let replayed = record.replayOf {
      let found = try await ReplayOrigin(replayed, in: store)
      try found.check(plan, signature: signature, job: job)
      plan.chunks = found.saved.chunks
      let then = SHA256.hexadecimal(ReplayOrigin.fingerprint(text, of: found.record.replayOf))
      stepsHaveChanged = found.record.fingerprint != then
      origin = found
    }
    let fingerprint = SHA256.hexadecimal(ReplayOrigin.fingerprint(text, of: record.replayOf))
    if let saved = record.fingerprint, saved != fingerprint { try await supersede() }
    if record.fingerprint == fingerprint, let bytes = try await store.plan(of: record.id) {
      plan.chunks = try SavedChunks(bytes: bytes).chunks
    } else {
      try await store.savePlan(
        SavedChunks(chunks: plan.chunks, signature: signature, pushedDown: plan.pushedDown).bytes,
        fingerprint: fingerprint, for: ownership)
    }
    try Failpoint.hit(.planSaved)
    let work = try ChunkWork(
      plan: plan, job: job, lookups: lookups.tables,
      zones: try environment.zones.context(session: context.zone.name),
      values: environment.values, parallelism: try parallelism,
      spills: spills)
    return Prepared(plan: plan, work: work, servers: servers, origin: origin)
  }

  /// The job or what it reads has changed since the run was planned: a new run takes its place.
  private func supersede() async throws {
    let reason = "the job file, its parameters or the source's columns have changed since it was planned"
    let old = record.id
    let event = RunEvent.superseded(old, reason: reason)
    let next = try await store.supersede(
      ownership, by: new, event: EventDraft(event.name, .object(event.facts)))
    try await store.release(ownership)
    guard case .owned(let owned) = try await store.claim(next.id) else {
      throw Fault("held", .conflict, "Run \(next.id) was taken by another process at once")
    }
    record = next
    ownership = owned
    report(event)
  }

  // MARK: Reading

  private func read(_ prepared: Prepared, _ asker: PlanAsker) async throws {
    let finished = try await store.finishedChunks(of: record.id)
    report(
      .planned(
        chunks: prepared.plan.chunks.count, sources: prepared.plan.sources.count,
        estimatedRows: prepared.plan.sources.map(\.estimatedRows).reduce(0, +), finished: finished.count))
    let marks = try await store.sinkMarks(of: record.id)
    // Past the first commit, and with all partials sealed, the source is never read again.
    if marks.contains(where: { $0.committedAt != nil }) { return }
    let isSealed = record.state == .prepared || record.state == .publishing
    if isSealed, finished.count >= prepared.plan.chunks.count { return }
    try await store.move(
      ownership, RunMove(to: .running, event: EventDraft("run_reading", .object([]))))
    if let origin = prepared.origin {
      let phase = ReplayPhase(
        environment: environment, job: job, plan: prepared.plan, work: prepared.work, ownership: ownership,
        session: session, asker: asker, origin: origin)
      try await patiently { try await phase.replay() }
    } else {
      try await waitForSources(prepared, asker)
      let phase = ReadPhase(
        environment: environment, job: job, plan: prepared.plan, work: prepared.work, ownership: ownership,
        session: session, parallelism: try parallelism)
      let (store, run) = (store, record.id)
      try await patiently {
        try await phase.read(
          finished: try await store.finishedChunks(of: run), serverFacts: prepared.servers)
      }
    }
    guard let now = try await store.run(record.id) else { return }
    record = now
    try QuarantineGuard(limit: job.errors.quarantine).checkAll(now.totals)
    try Failpoint.hit(.readDone)
  }

  private func waitForSources(_ prepared: Prepared, _ asker: PlanAsker) async throws {
    for (number, source) in job.sources.enumerated() {
      guard let condition = source.waitFor else { continue }
      try await SourceWait(asker: asker, references: references, session: session).wait(
        condition, on: prepared.plan.sources[number].connection
      ) { report(.waiting(reason: $0)) }
    }
  }

  /// Tries again after transient faults while time is left.
  private func patiently(_ work: () async throws -> Void) async throws {
    while true {
      do {
        try await work()
        return
      } catch let fault as Fault where fault.isTransient && !Task.isCancelled {
        guard let wait = budget.next() else { throw fault }
        report(.waiting(reason: "\(fault.sentence); trying again"))
        try await Task.sleep(for: wait)
      }
    }
  }

  /// Two connections an entry are taken besides the workers': the one that asks, the one that holds
  /// the snapshot.
  private var parallelism: Int {
    get throws(Fault) {
      let wanted = request.parallelism ?? job.limits.parallelism ?? 2
      var possible = wanted
      for source in job.sources {
        guard let name = source.connection.literal, let rule = environment.project.connections[name],
          let maximum = rule.maximumConnections
        else { continue }
        if maximum < 3 {
          throw Fault(
            "too_few_connections", .config,
            "Connection `\(name)` may have \(maximum) connections; a run needs 3",
            place: rule.place, hint: "Raise `max_connections`")
        }
        possible = min(possible, maximum - 2)
      }
      return possible
    }
  }

  // MARK: Publishing

  private func publish(_ prepared: Prepared, _ publisher: Publisher) async throws -> RunSummary {
    guard let now = try await store.run(record.id) else {
      throw Fault("no_such_run", .internal, "Run \(record.id) is gone from the state store")
    }
    record = now
    let isPastFirstCommit = try await store.sinkMarks(of: record.id).contains { $0.committedAt != nil }
    if isPastFirstCommit, record.state != .publishing {
      // A fault came between two commits: from there the only way is forward.
      try await store.move(
        ownership, RunMove(to: .publishing, event: EventDraft("run_publishing", .object([]))))
    } else if record.state != .publishing {
      try await store.move(
        ownership, RunMove(to: .merging, event: EventDraft("run_merging", .object([]))))
    }
    try Failpoint.hit(.mergeStarted)
    let maker = ResultMaker(
      environment: environment, plan: prepared.plan, run: record.id, work: prepared.work)
    let made = try await publisher.makeResult(maker, rejected: record.totals.rows.quarantined)
    report(.prepared(rows: made.rows, hash: made.hash))
    try await publisher.markPrepared(made, ownership: ownership)
    if record.state != .publishing, !isPastFirstCommit {
      try await store.move(
        ownership,
        RunMove(
          to: .prepared,
          event: EventDraft(
            "result_prepared", .object(RunEvent.prepared(rows: made.rows, hash: made.hash).facts))))
      try await store.move(
        ownership, RunMove(to: .publishing, event: EventDraft("run_publishing", .object([]))))
    }
    try Failpoint.hit(.publishStarted)
    let sinks = try await publisher.commit(made, ownership: ownership, budget: RetryBudget(job.errors.retry))
    return try await succeed(made, sinks, publisher.warnings)
  }

  private func succeed(
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
    let summary = RunSummary(
      run: record.id, job: job.name, label: context.label, revision: record.revision,
      rows: record.totals.rows, chunks: record.totals.chunks, resultRows: made.rows, hash: made.hash,
      seconds: Double(elapsed.milliseconds) / 1000, sinks: sinks, warnings: warnings,
      replayOf: record.replayOf)
    try await RunEnding(environment: environment, request: request, context: context)
      .succeed(summary, ownership: ownership, record: record)
    return summary
  }
}
