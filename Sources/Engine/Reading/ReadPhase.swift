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

  private var run: RunID { ownership.run }

  /// Reads every chunk that is not finished, under one snapshot a connection.
  /// - Throws: `Fault`; a transient one means that the same may be tried again, with new snapshots.
  func read(finished: [ChunkRecord], serverFacts: [String: ServerFacts]) async throws {
    let open = plan.chunks.filter { chunk in !finished.contains { $0.chunk == chunk.id } }
    if open.isEmpty, finished.isEmpty { return }
    let connections = Set(plan.sources.map(\.connection)).sorted()
    var holders: [String: SnapshotHolder] = [:]
    do {
      for name in connections { holders[name] = try await hold(name) }
      let kept = try await resume(finished, holders: holders, serverFacts: serverFacts)
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

  // MARK: Resuming

  /// The finished chunks that count, decided by each source's `on_resume`.
  private func resume(
    _ finished: [ChunkRecord], holders: [String: SnapshotHolder], serverFacts: [String: ServerFacts]
  ) async throws -> Set<ChunkID> {
    if finished.isEmpty { return [] }
    var reason = "the job keeps finished chunks whatever has changed"
    for (number, source) in plan.sources.enumerated() {
      let mine = finished.filter { plan.chunks[$0.chunk.number].source == number }
      if mine.isEmpty || source.onResume == .keep { continue }
      var doubt: String?
      if source.onResume == .recompute {
        doubt = "the job reads everything again after a stop"
      } else if !source.isProvable {
        doubt = "a query or view cannot be proved unchanged"
      } else if let holder = holders[source.connection] {
        doubt = try await firstDoubt(
          mine, source: source, holder: holder, server: serverFacts[source.connection])
      }
      if let doubt {
        try await environment.store.dropChunks(nil, for: ownership)
        environment.report(run, .resumed(kept: 0, recomputed: finished.count, reason: doubt))
        return []
      }
      reason = "every finished chunk was proved unchanged"
    }
    environment.report(run, .resumed(kept: finished.count, recomputed: 0, reason: reason))
    return Set(finished.map(\.chunk))
  }

  private func firstDoubt(
    _ finished: [ChunkRecord], source: PlannedSource, holder: SnapshotHolder, server: ServerFacts?
  ) async throws -> String? {
    for record in finished {
      guard let proof = ResumeProof(json: record.proof),
        let query = proof.query(plan.chunks[record.chunk.number])
      else { return "chunk \(record.chunk) left no proof" }
      if proof.systemIdentifier != server?.systemIdentifier { return "it is another server now" }
      if proof.fileNodes != source.fileNodes { return "the table was rewritten" }
      if let doubt = try proof.doubt(await holder.query(query)) { return "chunk \(record.chunk): \(doubt)" }
    }
    return nil
  }

  // MARK: Reading

  private func readAll(
    _ chunks: [PlannedChunk], holders: [String: SnapshotHolder], serverFacts: [String: ServerFacts]
  ) async throws {
    if chunks.isEmpty { return }
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
