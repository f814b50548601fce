internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import Sinks
internal import StateStore
internal import Synchronization

/// One owner's try at a run: plan, read, merge, check, publish.
///
/// It begins wherever the run stands: past the first commit it only publishes what is left.
actor Attempt {
  let environment: EngineEnvironment
  var request: RunRequest
  var context: RunContext
  var new: NewRun
  /// Why the run cannot go by the present job, which counts only where nothing is published.
  private let refusal: Faults?
  var record: RunRecord
  private nonisolated let owned: Mutex<Ownership>
  nonisolated let start = ContinuousClock.now
  var budget: RetryBudget
  /// The replayed rows go through other steps than the origin's rows went through.
  var stepsHaveChanged = false
  /// What the run is bound to, where something was published before this attempt.
  var binding: Binding?
  /// Publishes chunks as they are done; `nil` where nobody wants that, and before the first is read.
  var chunkPublisher: ChunkPublisher?
  /// Connections of readers that are done.
  let usedConnections = SpareConnections()
  var warnings: [String] = []
  /// What databases said when this attempt planned.
  var answers: [[PlanAnswer]] = []
  /// Chunks that this attempt has read again because their partials were damaged.
  var damaged: Set<ChunkID> = []

  init(
    environment: EngineEnvironment, request: RunRequest, context: RunContext, record: RunRecord,
    ownership: Ownership, new: NewRun, refusal: Faults?
  ) {
    self.environment = environment
    self.request = request
    self.context = context
    self.record = record
    owned = Mutex(ownership)
    self.new = new
    self.refusal = refusal
    budget = RetryBudget(request.job.errors.retry)
  }

  /// The present job is refused for the run, which has published nothing; nothing was tried.
  struct Refused: Error {
    let faults: Faults
  }

  /// Who may write for the run that the attempt is at. Read by others while the attempt works.
  nonisolated var ownership: Ownership { owned.withLock { $0 } }

  func take(_ record: RunRecord, _ ownership: Ownership) {
    self.record = record
    owned.withLock { $0 = ownership }
  }

  /// The run that the attempt is at; another one than at the start if its plan was superseded.
  var current: (record: RunRecord, ownership: Ownership) { (record, ownership) }

  var store: Store { environment.store }
  var job: Job { request.job }

  func report(_ event: RunEvent) {
    environment.report(record.id, event)
  }

  var references: ReferenceScope { context.references(of: record.id) }

  var session: SessionSettings {
    SessionSettings(
      timeZone: context.zone.name, statementTimeout: job.limits.statementTimeout,
      lockTimeout: job.limits.lockTimeout, lockPatience: job.errors.retry.lockPatience)
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

  func carryOut(_ spills: SpillFolder) async throws -> RunSummary {
    let asker = PlanAsker(environment: environment, job: job.name, run: record.id, session: session)
    do {
      let summary = try await carryOut(asker, spills)
      await close(asker)
      return summary
    } catch {
      await close(asker)
      throw error
    }
  }

  private func close(_ asker: PlanAsker) async {
    await asker.close()
    await usedConnections.close()
  }

  func carryOut(_ asker: PlanAsker, _ spills: SpillFolder) async throws -> RunSummary {
    var changes = RetryBudget(job.errors.retry)
    while true {
      do {
        return try await planAndCarryOut(asker, spills)
      } catch let altered as AlteredSource {
        guard let wait = changes.next() else { throw altered.fault }
        report(.waiting(reason: "\(altered.fault.sentence); planning anew"))
        try await Task.sleep(for: wait)
        // With the plan that was saved, and that the next one is compared with.
        if let now = try await store.run(record.id) { record = now }
      } catch let fault as Fault where fault.isOvertaken {
        try await goBack(fault, isPatient: changes.next() != nil)
      }
    }
  }

  private func planAndCarryOut(_ asker: PlanAsker, _ spills: SpillFolder) async throws -> RunSummary {
    try await reachingServers(asker) { try await bindToCommitment(asker) }
    if binding == nil, let refusal { throw Refused(faults: refusal) }
    try await reachingServers(asker) { try await endCancelled(asker) }
    try await reachingServers(asker) { try await raiseSerial(asker) }
    try Publisher.fenceFiles(
      of: job, references: references, identity: record.identity, in: environment)
    let (prepared, publisher) = try await reachingServers(asker) { try await prepare(asker, spills) }
    // Whoever cancels writes that down, and then raises the fences. Here they were raised first: either they
    // look now, or this attempt's are below theirs.
    try await Keeper.refuseCancelled(record.id, in: store)
    if binding == nil {
      if isAgain {
        record = try await publisher.raiseRevision(ownership: ownership)
      } else {
        try publisher.refuseTwins()
      }
    }
    chunkPublisher = publisher.chunkPublisher(
      prepared.work, commitment: commitment, known: binding?.parts ?? PublishedParts(), ownership: ownership)
    while true {
      do {
        try await read(prepared, publisher, asker)
        return try await publish(prepared, publisher)
      } catch let damage as DamagedChunk {
        try await forget(damage, prepared)
      }
    }
  }

  /// Waits the servers' trouble out. That a server cannot be reached which was never reached is told of at once: its
  /// address may be wrong. A run with a finished chunk has reached all of its servers.
  /// - Parameter end: no wait goes beyond it.
  func reachingServers<Value>(
    _ asker: PlanAsker, until end: ContinuousClock.Instant? = nil, _ work: () async throws -> Value
  ) async throws -> Value {
    let hasReachedAll = record.totals.chunks > 0
    let value = try await patiently(until: end) { fault in
      await asker.close()
      if hasReachedAll || fault.kind != .connection || fault.code == "server_starting" { return false }
      return await asker.isUnreached
    } _: {
      try await work()
    }
    budget.reset()
    return value
  }

  /// Ends here where somebody has asked for that. Who asked may not have taken the targets away from an owner
  /// before this one that sleeps: a policy of the schedule does not, nor could `cancel` reach every target.
  private func endCancelled(_ asker: PlanAsker) async throws {
    guard try await store.cancelRequest(for: record.id) != nil else { return }
    if try await !store.sinkMarks(of: record.id).isEmpty {
      if try await PastRun(record, request, environment).raiseFences() {
        // It has published just now.
        return try await bindToCommitment(asker)
      }
      try await store.stopPublishing(ownership)
    }
    try await Keeper.refuseCancelled(record.id, in: store)
  }

  /// A state that was lost, or another machine's, knows nothing of runs that the targets know. Without an interval this
  /// one stands for itself, and in nobody's place. From its plan on it keeps its identity.
  private func raiseSerial(_ asker: PlanAsker) async throws {
    guard record.identity.interval == nil, record.fingerprint == nil, record.replayOf == nil, binding == nil
    else { return }
    let search = CommitSearch(asker: asker, project: environment.project, references: references)
    let last = try await search.lastSerial(of: job, except: record)
    if last < record.identity.serial { return }
    record = try await store.raiseSerial(ownership, to: last + 1)
    context.identity = record.identity
    new.identity = record.identity
  }

  /// A new revision was asked for, now or when the run was begun.
  var isAgain: Bool { request.again || record.isAgain }
}
