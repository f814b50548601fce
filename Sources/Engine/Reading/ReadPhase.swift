internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import StateStore

/// Reads, processes and checkpoints the chunks of a plan: one task and one connection a worker.
struct ReadPhase: Sendable {
  var environment: EngineEnvironment
  var job: Job
  var plan: Plan
  var work: ChunkWork
  var ownership: Ownership
  var session: SessionSettings
  var parallelism: Int
  var asker: PlanAsker
  /// Told of each finished chunk; `nil` where results are published at the end only.
  var publisher: ChunkPublisher?
  /// Takes the connections that have nothing left to read.
  var used: SpareConnections
  /// Told of each finished chunk, too; `nil` where nobody stores their rows meanwhile.
  var relay: ChunkRelay?
  /// Told when nothing newer is read any more.
  var clock: ReadingClock
  /// Told of each finished chunk, as well.
  var progress: ReadProgress
  let throttle: ReadThrottle?

  init(
    environment: EngineEnvironment, job: Job, plan: Plan, work: ChunkWork, ownership: Ownership,
    session: SessionSettings, parallelism: Int, asker: PlanAsker, publisher: ChunkPublisher?,
    used: SpareConnections, relay: ChunkRelay?, clock: ReadingClock,
    progress: ReadProgress
  ) {
    self.environment = environment
    self.job = job
    self.plan = plan
    self.work = work
    self.ownership = ownership
    self.session = session
    self.parallelism = parallelism
    self.asker = asker
    self.publisher = publisher
    self.used = used
    self.relay = relay
    self.clock = clock
    self.progress = progress
    throttle = ReadThrottle(job.limits)
  }

  private var run: RunID { ownership.run }

  /// Reads every chunk that is not finished, under one snapshot a connection.
  /// - Throws: `Fault`; a transient one means that the same may be tried again, with new snapshots. `AlteredSource`
  ///   where it must be planned anew.
  func read(finished: [ChunkRecord], serverFacts: [String: ServerFacts]) async throws {
    let open = plan.chunks.filter { chunk in !finished.contains { $0.chunk == chunk.id } }
    if open.isEmpty, finished.isEmpty { return }
    let isBegun = await publisher?.isBegun == true
    if isBegun { try await publish(finished.map(\.chunk)) }
    if isBegun, open.isEmpty { return }
    let connections = plan.connections.sorted()
    var holders: [String: SnapshotHolder] = [:]
    try await lagWatch?.waitUntilFresh()
    do {
      for name in connections {
        let holder = try await hold(name)
        holders[name] = holder
        for source in plan.sources where source.connection == name { try await source.check(under: holder) }
      }
      if plan.sources.allSatisfy({ $0.consistency == .snapshot }) { clock.stop() }
      let kept =
        isBegun
        ? try await keepAll(finished) : try await resume(finished, holders: holders, serverFacts: serverFacts)
      if !isBegun { try await publish(kept.sorted()) }
      for chunk in kept { try relay?.finish(chunk) }
      let waiting = plan.chunks.filter { !kept.contains($0.id) }
      try await readAll(waiting, holders: holders, serverFacts: serverFacts)
    } catch {
      for holder in holders.values { await holder.close() }
      throw error
    }
    for holder in holders.values { await holder.close() }
  }

  // MARK: Snapshots

  private func hold(_ name: String) async throws -> SnapshotHolder {
    let tables = plan.sources.filter { $0.connection == name }.flatMap(\.locked)
    let holder = try await SnapshotHolder.open(
      environment.settings(name, run: run, job: job.name), session: session, locking: tables)
    environment.report(run, .snapshotTaken(connection: name, snapshot: holder.visibility))
    try Failpoint.hit(.snapshotTaken)
    return holder
  }

  private func publish(_ chunks: [ChunkID]) async throws {
    guard let publisher else { return }
    for chunk in chunks { try await publisher.publish(chunk) }
  }

  // MARK: Resuming

  /// Published chunks cannot be taken back, so nothing is asked about them.
  private func keepAll(_ finished: [ChunkRecord]) async throws -> Set<ChunkID> {
    if finished.isEmpty { return [] }
    return try await keep(
      finished, reason: "they are published chunk by chunk, and stay whatever has changed")
  }

  /// The finished chunks that count, decided by each source's `on_resume`.
  private func resume(
    _ finished: [ChunkRecord], holders: [String: SnapshotHolder], serverFacts: [String: ServerFacts]
  ) async throws -> Set<ChunkID> {
    if finished.isEmpty { return [] }
    let verdict = try await ResumeJudge(plan: plan, holders: holders, serverFacts: serverFacts).judge(
      finished)
    if verdict.isKept {
      if !verdict.isProved { try await clock.include(age) }
      return try await keep(finished, reason: verdict.reason)
    }
    let event = RunEvent.resumed(kept: 0, recomputed: finished.count, reason: verdict.reason)
    try await environment.store.dropChunks(nil, for: ownership, event: EventDraft(event))
    environment.report(run, event)
    return []
  }

  private func keep(_ finished: [ChunkRecord], reason: String) async throws -> Set<ChunkID> {
    let event = RunEvent.resumed(kept: finished.count, recomputed: 0, reason: reason)
    try await environment.store.append(EventDraft(event), for: ownership)
    environment.report(run, event)
    return Set(finished.map(\.chunk))
  }

  /// How long ago the run was begun, and nothing of it read before.
  private var age: Duration {
    get async throws {
      guard let record = try await environment.store.run(run) else { return .zero }
      return max(.zero, record.createdAt.duration(to: try await environment.store.now()))
    }
  }

  // MARK: Reading

  private var lagWatch: LagWatch? {
    let (report, run) = (environment.report, run)
    return job.limits.maximumReplicationLag.map { bound in
      LagWatch(asker: asker, connections: plan.connections.sorted(), bound: bound) {
        report(run, .waiting(reason: $0))
      }
    }
  }

  private func readAll(
    _ chunks: [PlannedChunk], holders: [String: SnapshotHolder], serverFacts: [String: ServerFacts]
  ) async throws {
    if chunks.isEmpty { return }
    guard let throttle, let lagWatch else {
      return try await work(on: chunks, holders: holders, serverFacts: serverFacts)
    }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await work(on: chunks, holders: holders, serverFacts: serverFacts)
        return true
      }
      group.addTask {
        try await lagWatch.watch(throttle)
        return false
      }
      // The watch ends only by a fault of its own, or with the work.
      defer { group.cancelAll() }
      while let isDone = try await group.next(), !isDone {}
    }
  }

  private func work(
    on chunks: [PlannedChunk], holders: [String: SnapshotHolder], serverFacts: [String: ServerFacts]
  ) async throws {
    let queue = ChunkQueue(chunks)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<min(parallelism, chunks.count) {
        let worker = ChunkWorker(
          number: number, phase: self, queue: queue, holders: holders, serverFacts: serverFacts)
        group.addTask { try await worker.work() }
      }
      do {
        while try await group.next() != nil {}
      } catch {
        // The first fault counts; the others' queries are cancelled with their tasks.
        queue.stop()
        group.cancelAll()
        throw error
      }
    }
  }
}
