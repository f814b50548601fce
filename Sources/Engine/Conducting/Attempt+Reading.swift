internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import StateStore

/// Reading: every chunk to its checkpoint.
extension Attempt {
  func read(_ prepared: Prepared, _ publisher: Publisher, _ asker: PlanAsker) async throws {
    let finished = try await store.finishedChunks(of: record.id)
    report(
      .planned(
        chunks: prepared.plan.chunks.count, sources: prepared.plan.sources.count,
        estimatedRows: prepared.plan.sources.map(\.estimatedRows).reduce(0, +), finished: finished.count))
    // Past the first commit the source is never read again; nor is a replay's, which has its rows from its origin.
    if isPastFirstCommit { return }
    if let origin = prepared.origin {
      try await patiently { try await publisher.takeReadTimes(of: origin.record.id) }
    }
    let isSealed = record.state == .prepared || record.state == .publishing
    if isSealed, binding != nil || prepared.origin != nil, finished.count >= prepared.plan.chunks.count {
      return
    }
    // The targets have said that they hold nothing of it. So what an owner before this one was about to publish must be
    // proved like any other chunk: another run may have published newer rows since, which an old result would undo.
    if record.state == .publishing { try await store.stopPublishing(ownership) }
    try await store.move(
      ownership, RunMove(to: .running, event: EventDraft("run_reading", .object([]))))
    if let origin = prepared.origin {
      let phase = ReplayPhase(
        environment: environment, job: job, plan: prepared.plan, work: prepared.work, ownership: ownership,
        session: session, asker: asker, origin: origin)
      try await patiently { try await phase.replay() }
    } else {
      let isAllRead = binding != nil && finished.count >= prepared.plan.chunks.count
      if !isAllRead { try await waitForSources(prepared, asker) }
      let progress = ReadProgress()
      try await patiently(progress) {
        await usedConnections.close()
        defer { environment.shares.end() }
        let parallelism = try await takeConnections(prepared.plan, asker)
        try await publisher.beginReading(since: prepared.lookupsSince ?? .now)
        try await publisher.storingAhead(maker(prepared)) { relay in
          let phase = ReadPhase(
            environment: environment, job: job, plan: prepared.plan, work: prepared.work,
            ownership: ownership, session: session, parallelism: parallelism, asker: asker,
            publisher: chunkPublisher, used: usedConnections, relay: relay,
            clock: publisher.clock, progress: progress)
          try await phase.read(
            finished: try await store.finishedChunks(of: record.id), serverFacts: prepared.servers)
        }
      }
    }
    guard let now = try await store.run(record.id) else { return }
    record = now
    try QuarantineGuard(limit: job.errors.quarantine, run: record.id).checkAll(now.totals)
    try Failpoint.hit(.readDone)
  }

  func waitForSources(_ prepared: Prepared, _ asker: PlanAsker) async throws {
    for (number, source) in job.sources.enumerated() {
      guard let rule = source.waitFor else { continue }
      let wait = try SourceWait(rule, on: prepared.plan.sources[number].connection, references: references)
      let end = ContinuousClock.now + wait.within
      var isReported = false
      // A server that cannot be asked is waited for no longer than one that says no.
      while try await !reachingServers(
        asker, until: end,
        {
          do {
            return try await wait.isOver(asker, session)
          } catch let fault as Fault where fault.isWorthAnotherTry && .now >= end {
            throw wait.tooLong(fault)
          }
        })
      {
        if .now >= end { throw wait.tooLong() }
        if !isReported { report(.waiting(reason: wait.reason)) }
        isReported = true
        try await Task.sleep(for: SourceWait.interval)
      }
    }
  }

  /// Tries again after transient faults while time is left.
  /// - Parameters:
  ///   - progress: of the work; behind it the next trouble is a new one.
  ///   - end: no wait goes beyond it.
  ///   - isHopeless: what is told of at once all the same.
  func patiently<Value>(
    _ progress: ReadProgress? = nil, until end: ContinuousClock.Instant? = nil,
    unless isHopeless: (Fault) async -> Bool = { _ in false },
    _ work: () async throws -> Value
  ) async throws -> Value {
    while true {
      do {
        return try await work()
      } catch let fault as Fault where fault.isWorthAnotherTry {
        if progress?.take() == true { budget.reset() }
        guard await !isHopeless(fault), let wait = budget.next() else { throw fault }
        report(.waiting(reason: "\(fault.sentence); trying again"))
        try await Task.sleep(for: end.map { min(wait, ContinuousClock.now.duration(to: $0)) } ?? wait)
      }
    }
  }

  /// How many may read at once. Two connections of an entry are taken besides the readers': the one that asks, and
  /// publishes, and the one that holds the snapshot.
  func parallelism(_ plan: Plan) throws(Fault) -> Int {
    var possible = request.parallelism ?? job.limits.parallelism ?? 2
    for name in plan.connections {
      guard let rule = environment.project.connections[name], let maximum = rule.maximumConnections else {
        continue
      }
      if maximum < 3 { throw .tooFewConnections(maximum, of: rule) }
      possible = min(possible, maximum - 2)
    }
    return possible
  }

  /// Takes the connections that are counted, all in one step: no run holds some while it waits for more.
  /// - Returns: how many may read at once by those that there are.
  private func takeConnections(_ plan: Plan, _ asker: PlanAsker) async throws -> Int {
    let wanted = max(1, min(try parallelism(plan), plan.chunks.count))
    let read = plan.connections
    var needs: [String: ClosedRange<Int>] = [:]
    for (name, rule) in environment.project.connections where rule.maximumConnections != nil {
      let isAsked = await asker.isOpen(name)
      if read.contains(name) { needs[name] = 3...(2 + wanted) } else if isAsked { needs[name] = 1...1 }
      await asker.drop(name)
    }
    let taken = try await environment.takeShares(needs, run: record.id)
    return read.compactMap { taken[$0] }.map { $0 - 2 }.reduce(wanted, min)
  }

  /// Takes a run whose rows are older than what another has published meanwhile back to its plan: lookups are as old as
  /// the rows. The other run is done, so that one of several always is.
  /// - Parameter isPatient: there is time for it.
  /// - Throws: the fault, where the run cannot read again.
  func goBack(_ overtaken: Fault, isPatient: Bool) async throws {
    var fault = overtaken
    if record.replayOf != nil {
      fault.hint =
        "Give the replay up with `tidemark cancel \(record.id)`, and replay the newer run's rows; or run the interval with --again, which reads the source anew"
      throw fault
    }
    guard isPatient else {
      fault.hint = "Run the same command again: it reads again"
      throw fault
    }
    report(.waiting(reason: "\(fault.sentence); reading again"))
    // The publish was rolled back, and no other sink has committed.
    try await store.stopPublishing(ownership, .object([.init("reason", .string(fault.sentence))]))
    // What is kept whatever has changed would be as old again.
    if job.sources.contains(where: { $0.onResume == .keep }) {
      let event = RunEvent.resumed(kept: 0, recomputed: record.totals.chunks, reason: overtaken.sentence)
      try await store.dropChunks(nil, for: ownership, event: EventDraft(event))
      report(event)
    }
    if let now = try await store.run(record.id) { record = now }
  }

  /// Drops a chunk whose stored partial cannot be used, so that it is read again.
  /// - Throws: the damage, where the run may not go back to reading.
  func forget(_ damage: DamagedChunk, _ prepared: Prepared) async throws {
    var fault = damage.fault
    if try await store.sinkMarks(of: record.id).contains(where: { $0.committedAt != nil }) {
      fault.hint =
        "A part is published already, so nothing is read again: bring the state store back from a copy"
      throw fault
    }
    if await chunkPublisher?.isBegun == true {
      fault.hint =
        "Chunks are published already, so none is read again: bring the state store back from a copy, or give the run up with `tidemark cancel \(record.id)`: the next one takes its place"
      throw fault
    }
    if prepared.origin != nil {
      fault.hint = "The partials of a replay cannot be made again: run the interval with --again"
      throw fault
    }
    report(.chunkDamaged(damage.chunk, fault))
    try await store.dropChunks([damage.chunk], for: ownership)
    if record.state == .publishing {
      fault.hint = "The chunk was dropped: run the job again, and it is computed again"
      throw fault
    }
    if !damaged.insert(damage.chunk).inserted {
      fault.hint =
        "It was read once more, and is damaged again: the state gives back other bytes than it was given. Look at its disk or server, then run the job again"
      throw fault
    }
  }
}
