internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import StateStore

/// One worker of a read phase: takes chunks until none is left, over a connection of its own for
/// each server, inside the holder's snapshot.
final class ChunkWorker: Sendable {
  private let number: Int
  private let phase: ReadPhase
  private let queue: ChunkQueue
  private let holders: [String: SnapshotHolder]
  private let serverFacts: [String: ServerFacts]

  init(
    number: Int, phase: ReadPhase, queue: ChunkQueue, holders: [String: SnapshotHolder],
    serverFacts: [String: ServerFacts]
  ) {
    self.number = number
    self.phase = phase
    self.queue = queue
    self.holders = holders
    self.serverFacts = serverFacts
  }

  func work() async throws {
    var connections: [String: Connection] = [:]
    do {
      while let chunk = queue.next(within: connections.keys) {
        try Task.checkCancellation()
        if try await finish(chunk, &connections) { continue }
        for name in connections.keys { await drop(name, of: &connections) }
        return
      }
    } catch {
      for name in connections.keys { await drop(name, of: &connections) }
      throw error
    }
    for connection in connections.values { await phase.used.take(connection) }
  }

  /// Reads one chunk, again and again while its faults are transient and time is left; then it may be published.
  /// - Returns: false where other readers do that, and all that is left, since this one cannot join them any more.
  private func finish(
    _ chunk: PlannedChunk, _ connections: inout [String: Connection]
  ) async throws -> Bool {
    var budget = RetryBudget(phase.job.errors.retry)
    let source = phase.plan.sources[chunk.source]
    while true {
      do {
        let connection = try await connect(source, &connections)
        try await read(chunk, source: source, over: connection)
        break
      } catch let fault as Fault where fault.isWorthAnotherTry {
        await drop(source.connection, of: &connections)
        // Without its snapshot no chunk can be read: the whole attempt begins anew.
        if await holders[source.connection]?.isOpen != true { throw fault }
        if fault.code == "ddl_waiting" {
          // The change waits for the holder's lock as well, and everybody else behind the change: nobody may wait here.
          // Where nobody reads, the attempt begins anew behind the change.
          guard queue.leave(chunk, toReadersOf: source.connection) else { throw fault }
          phase.environment.report(
            phase.ownership.run,
            .waiting(
              reason: "\(fault.sentence); chunk \(chunk.id) is left to the readers that began before it"))
          return false
        }
        guard let wait = budget.next() else { throw fault }
        phase.environment.report(
          phase.ownership.run, .chunkRetried(chunk.id, attempt: budget.attempts, wait: wait, fault))
        try await Task.sleep(for: wait)
      } catch let fault as Fault where fault.kind == .data && !Task.isCancelled {
        await drop(source.connection, of: &connections)
        throw await named(fault, chunk) { try await connect(source, &connections) }
      }
    }
    phase.progress.make()
    try await phase.publisher?.publish(chunk.id)
    try phase.relay?.finish(chunk.id)
    return true
  }

  private func drop(_ name: String, of connections: inout [String: Connection]) async {
    guard let connection = connections.removeValue(forKey: name) else { return }
    queue.leave(name)
    await connection.rollback()
    await connection.close()
  }

  /// The fault of a chunk's row with the row's key in it, which takes reading the chunk once more; with the
  /// chunk's range where there is no key.
  private func named(
    _ fault: Fault, _ chunk: PlannedChunk, over connect: () async throws -> Connection
  ) async -> Fault {
    guard let naming = phase.plan.naming else {
      guard phase.plan.pipeline.rowKey.isEmpty else { return fault }
      var fault = fault
      let range = "chunk \(chunk.id), \(chunk.range)"
      fault.cause = fault.cause.map { "\($0); in \(range)" } ?? "In \(range)"
      return fault
    }
    do {
      let work = phase.work.fetching(naming.pipeline)
      let computation = try work.begin()
      let copy = chunk.copy(naming.columns[chunk.source], as: work.format)
      try await connect().copyOut(copy) { try computation.add($0) }
      _ = try await computation.finish()
    } catch let named as Fault where named.code == fault.code && named.place == fault.place {
      return named
    } catch {
      // The row stays without its name: the fault that is to be told of is the first.
    }
    return fault
  }

  private func connect(
    _ source: PlannedSource, _ connections: inout [String: Connection]
  ) async throws -> Connection {
    if let known = connections[source.connection] { return known }
    guard let holder = holders[source.connection] else {
      throw Fault("no_snapshot", .internal, "No snapshot is held on `\(source.connection)`")
    }
    let connection = try await holder.importing(
      phase.environment.settings(source.connection, run: phase.ownership.run, job: phase.job.name),
      session: phase.session)
    connections[source.connection] = connection
    queue.enter(source.connection)
    return connection
  }

  private func read(_ chunk: PlannedChunk, source: PlannedSource, over connection: Connection) async throws {
    let run = phase.ownership.run
    let report = phase.environment.report
    report(run, .chunkStarted(chunk.id, worker: number))
    let computation = try phase.work.begin()
    let throttle = phase.throttle
    try await connection.copyOut(chunk.copy(source.sent, as: phase.work.format)) { bytes in
      let rows = try computation.add(bytes)
      try throttle?.hold(rows)
      if let progress = computation.progress() {
        report(run, .chunkProgress(chunk.id, rows: progress.rows, bytes: progress.bytes))
      }
      try Failpoint.hit(.chunkMiddle)
    }
    try Failpoint.hit(.chunkRead)
    let held = computation.rowsAdded
    let yield = try await computation.finish()
    let proof = ResumeProof(
      snapshot: holders[source.connection]?.visibility ?? "", rows: yield.counts.read,
      fileNodes: source.fileNodes,
      database: serverFacts[source.connection]?.database ?? "",
      place: holders[source.connection]?.place)
    let totals = try await phase.environment.store.checkpoint(
      Checkpoint(
        chunk: chunk.id, blocks: yield.blocks, rejections: yield.rejections, counts: yield.counts,
        proof: .object(
          proof.json.members + [
            ReadHistory.note(connection: source.connection), ChunkRun.note(yield.blocks),
            LookupTally.note(yield.lookups),
          ])),
      for: phase.ownership)
    report(run, .chunkDone(chunk.id, yield.counts))
    try await throttle?.rest(yield.counts.read - held)
    try QuarantineGuard(limit: phase.job.errors.quarantine, run: run).check(totals)
  }
}
