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
  private var request: RunRequest
  private var context: RunContext
  private let new: NewRun
  private var record: RunRecord
  private var ownership: Ownership
  nonisolated let start = ContinuousClock.now
  private var budget: RetryBudget
  /// The replayed rows go through other steps than the origin's rows went through.
  private var stepsHaveChanged = false
  /// What the run is bound to, where a sink had committed before this attempt.
  private var commitment: Commitment?
  private var warnings: [String] = []
  /// What databases said when this attempt planned.
  private var answers: [[PlanAnswer]] = []

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
    try await bindToCommitment(asker)
    let (prepared, publisher) = try await prepare(asker, spills)
    if isAgain, commitment == nil { record = try await publisher.raiseRevision(ownership: ownership) }
    while true {
      try await read(prepared, asker)
      do {
        return try await publish(prepared, publisher)
      } catch let damage as DamagedChunk {
        try await forget(damage, prepared)
      }
    }
  }

  /// Drops a chunk whose stored partial cannot be used, so that it is read again.
  /// - Throws: the damage, where the run may not go back to reading.
  private func forget(_ damage: DamagedChunk, _ prepared: Prepared) async throws {
    var fault = damage.fault
    let isPastFirstCommit = try await store.sinkMarks(of: record.id).contains { $0.committedAt != nil }
    if isPastFirstCommit || prepared.origin != nil {
      fault.hint =
        isPastFirstCommit
        ? "A part is published already, so nothing is read again: bring the state store back from a copy"
        : "The partials of a replay cannot be made again: run the interval with --again"
      throw fault
    }
    report(.chunkDamaged(damage.chunk, fault))
    try await store.dropChunks([damage.chunk], for: ownership)
    if record.state == .publishing {
      fault.hint = "The chunk was dropped: run the job again, and it is computed again"
      throw fault
    }
  }

  /// Plans, and looks at the targets. A server that cannot be reached at all is told of at once; trouble
  /// behind that is waited out.
  private func prepare(_ asker: PlanAsker, _ spills: SpillFolder) async throws -> (Prepared, Publisher) {
    while true {
      do {
        let prepared =
          if let commitment { try await committedPlan(commitment, spills) } else {
            try await plan(asker, spills)
          }
        let publisher = try await Publisher.prepare(
          environment: environment, request: request, context: context, references: references,
          plan: prepared.plan, run: record, asker: asker, session: session)
        budget.reset()
        return (prepared, publisher)
      } catch let fault as Fault where fault.isTransient && !Task.isCancelled {
        guard await asker.hasConnected, let wait = budget.next() else { throw fault }
        report(.waiting(reason: "\(fault.sentence); trying again"))
        await asker.close()
        try await Task.sleep(for: wait)
      }
    }
  }

  /// A new revision was asked for, now or when the run was begun.
  private var isAgain: Bool { request.again || record.settings["again"]?.boolValue == true }

  // MARK: Only forward

  /// Past the first commit the run goes on by what was saved before it, whatever the job file and the
  /// source say by now.
  private func bindToCommitment(_ asker: PlanAsker) async throws {
    let marks = try await store.sinkMarks(of: record.id)
    if marks.isEmpty { return }
    let saved = try Commitment(bytes: try await store.commitment(of: record.id))
    var bound = request
    bound.job = try environment.readJob(saved.jobText, saved.jobFile)
    bound.jobText = saved.jobText
    bound.choice = record.identity.interval.map(IntervalChoice.range) ?? .latest
    bound.parameters = record.identity.parameters
    var boundContext = try RunContext(
      bound, matrixRowName: record.identity.matrixRow, now: saved.fireTime, zones: environment.zones)
    boundContext.identity = record.identity
    if marks.allSatisfy({ $0.committedAt == nil }) {
      // A commit whose answer was lost, or that nothing could be written about any more.
      let search = CommitSearch(
        asker: asker, project: environment.project, references: boundContext.references, session: session)
      let known = try await search.sinks(of: bound.job, publishedBy: record)
      let missing = marks.map(\.sink).filter(known.contains)
      if missing.isEmpty { return }
      try await store.markCommitted(sinks: missing, for: ownership)
    }
    if saved.jobText != request.jobText {
      warnings.append(
        "the job file has changed since this run began to publish; it was finished as it was begun."
          + " Run again with --again to publish by the changed file")
      bound.job.takeAfterPublish(of: request.job)
    }
    request = bound
    context = boundContext
    commitment = saved
  }

  /// The plan as it was, without a question to the source. Nothing is read any more, so lookups are
  /// not loaded.
  private func committedPlan(_ saved: Commitment, _ spills: SpillFolder) async throws -> Prepared {
    var plan = try Planner.replay(
      PlanRequest(job: job, references: references, connections: environment.project.connections),
      saved.answers)
    guard let bytes = try await store.plan(of: record.id) else {
      throw Fault(
        "bad_plan", .data, "The plan of run \(record.id) is gone from the state store",
        hint: "Run `tidemark state check`")
    }
    plan.chunks = try SavedChunks(bytes: bytes).chunks
    return Prepared(plan: plan, work: try work(plan, lookups: [], spills), servers: [:])
  }

  private func work(_ plan: Plan, lookups: [LookupTable], _ spills: SpillFolder) throws -> ChunkWork {
    try ChunkWork(
      plan: plan, job: job, lookups: lookups,
      zones: try environment.zones.context(session: context.zone.name), values: environment.values,
      parallelism: try parallelism, spills: spills)
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
    let marks = PlanMarks(
      plan, context: context, lookups: lookups.hashes,
      systemIdentifiers: servers.mapValues(\.systemIdentifier), zoneVersion: environment.zones.dataVersion)
    var origin: ReplayOrigin?
    if let replayed = record.replayOf {
      let found = try await ReplayOrigin(replayed, in: store)
      try found.check(plan, signature: marks.signature, job: job)
      plan.chunks = found.saved.chunks
      stepsHaveChanged =
        found.record.fingerprint != marks.fingerprint(replayOf: found.record.replayOf)
      origin = found
    }
    let fingerprint = marks.fingerprint(replayOf: record.replayOf)
    if let saved = record.fingerprint, saved != fingerprint { try await supersede() }
    if record.fingerprint == fingerprint, let saved = try await savedChunks() {
      plan.chunks = saved.chunks
    } else {
      try await store.savePlan(
        SavedChunks(chunks: plan.chunks, signature: marks.signature, pushedDown: plan.pushedDown).bytes,
        fingerprint: fingerprint, for: ownership)
    }
    try Failpoint.hit(.planSaved)
    answers = await asker.answers
    return Prepared(
      plan: plan, work: try work(plan, lookups: lookups.tables, spills), servers: servers, origin: origin)
  }

  /// The saved plan's chunks; `nil` where none is saved, or none that can be used, so that it must be made anew.
  private func savedChunks() async throws -> SavedChunks? {
    do {
      return try await store.plan(of: record.id).map { bytes throws(Fault) in try SavedChunks(bytes: bytes) }
    } catch let fault as Fault where fault.kind == .data {
      report(.planDamaged(fault))
      let isPastFirstCommit = try await store.sinkMarks(of: record.id).contains { $0.committedAt != nil }
      if !isPastFirstCommit { try await store.dropChunks(nil, for: ownership) }
      return nil
    }
  }

  /// The job or what it reads has changed since the run was planned: a new run takes its place.
  private func supersede() async throws {
    let reason = "the job file, its parameters or the source's columns have changed since it was planned"
    let old = record.id
    if record.state == .publishing {
      // No ledger has a publish of it, and the raised fences let none through any more.
      try await store.move(
        ownership, RunMove(to: .interrupted, event: EventDraft("run_interrupted", .object([]))))
    }
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
    // Past the first commit, and with all partials sealed, the source is never read again.
    if commitment != nil { return }
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
        session: session, parallelism: try parallelism, asker: asker)
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
    let isPastFirstCommit = commitment != nil
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
    let made = try await publisher.makeResult(
      maker, rejected: record.totals.rows.quarantined, token: ownership.token)
    do {
      return try await publish(made, publisher, isPastFirstCommit: isPastFirstCommit)
    } catch {
      try publisher.discard()
      throw error
    }
  }

  private func publish(
    _ made: ResultMaker.Made, _ publisher: Publisher, isPastFirstCommit: Bool
  ) async throws -> RunSummary {
    report(.prepared(rows: made.rows, hash: made.hash))
    if !isPastFirstCommit {
      let saved = Commitment(
        jobFile: job.file, jobText: request.jobText, fireTime: context.fireTime, answers: answers)
      try await store.saveCommitment(saved.bytes, for: ownership)
    }
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
    return try await succeed(made, sinks, publisher.warnings + warnings)
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

extension Job {
  /// What runs behind a publish may be mended in the job file, and a run that waits for it go on.
  fileprivate mutating func takeAfterPublish(of other: Job) {
    for index in sinks.indices where index < other.sinks.count {
      guard case .table(var mine) = sinks[index], case .table(let theirs) = other.sinks[index],
        mine.name.source.text == theirs.name.source.text
      else { continue }
      mine.afterPublish = theirs.afterPublish
      sinks[index] = .table(mine)
    }
  }
}
