internal import Compute
internal import Model
internal import Planning
internal import Runtime
internal import Sinks
internal import StateStore

/// Publishes finished chunks, each exactly once and at once, into the tables that say `publish: per_chunk`.
///
/// A chunk is published from its stored partial, behind its checkpoint, in one transaction with its entry in the
/// target's ledger. The ledger is the only record of which chunks are there, so no crash can part the two. With
/// the first chunk the run is bound to its job and its plan: what they were is saved before.
actor ChunkPublisher {
  private let environment: EngineEnvironment
  private let retry: ErrorRules.Retry
  private let plan: Plan
  private let work: ChunkWork
  private let asker: PlanAsker
  private let ownership: Ownership
  private let tables: [Table]
  private let commitment: Commitment
  /// Chunks that are in every table.
  private var published: Set<ChunkID>
  /// A chunk has been published, or may have been.
  private(set) var isBegun: Bool
  /// One chunk after the other: they share the connections of the attempt.
  private let turn = Permits(1)

  /// A table, as the whole result is published into it.
  struct Table {
    var publication: TablePublication
    var token: FencingToken

    var target: TableTarget { publication.target }
  }

  init(
    environment: EngineEnvironment, retry: ErrorRules.Retry, plan: Plan, work: ChunkWork, asker: PlanAsker,
    ownership: Ownership, tables: [Table], commitment: Commitment,
    known: PublishedParts
  ) {
    self.environment = environment
    self.retry = retry
    self.plan = plan
    self.work = work
    self.asker = asker
    self.ownership = ownership
    self.tables = tables
    self.commitment = commitment
    let chunks = tables.map { known.chunks[$0.target.sink] ?? [] }
    published = chunks.dropFirst().reduce(chunks.first ?? []) { $0.intersection($1) }
    isBegun = chunks.contains { !$0.isEmpty }
  }

  /// Makes a finished chunk visible; one that is already stays as it is.
  /// - Throws: `DamagedChunk`; `Fault` `published_by_another`, `fenced`, or of the target, tried again until
  ///   `give_up_after` where that may help.
  func publish(_ chunk: ChunkID) async throws {
    try await turn.take()
    defer { turn.giveBack() }
    if published.contains(chunk) { return }
    guard let record = try await environment.store.finishedChunk(chunk, of: ownership.run) else {
      throw Fault("no_chunk", .internal, "Chunk \(chunk) of run \(ownership.run) is not done")
    }
    let spool = try ResultSpool(schema: plan.result, path: "\(work.spills.path)/chunk-\(chunk)")
    try await work.merge(inputs: 1).forEachBatch(
      of: [ChunkRun(record, of: ownership.run, in: environment.store)]
    ) { try spool.append($0) }
    let hash = try spool.finish()
    try await bind()
    for group in Dictionary(grouping: tables, by: \.target.connection).sorted(by: { $0.key < $1.key }) {
      let parts = group.value.map {
        $0.publication.of(chunk, rejected: record.counts.quarantined, resultHash: hash)
      }
      try await publish(chunk, parts, of: spool, into: group.value)
    }
    published.insert(chunk)
    environment.report(ownership.run, .chunkPublished(chunk, rows: spool.rows))
  }

  /// Saves what the run goes by from its first published chunk on.
  private func bind() async throws {
    if isBegun { return }
    try await environment.store.markPrepared(
      tables.map {
        PreparedSink(sink: $0.target.sink, resultHash: "", rowCount: 0, details: .object([SinkMark.byChunk]))
      }, commitment: commitment.bytes, for: ownership)
    // Who asked before the marks were there has raised no fence.
    do {
      try await Keeper.refuseCancelled(ownership.run, in: environment.store)
    } catch {
      try await environment.store.forgetChunks(of: ownership.run, except: [])
      throw error
    }
    isBegun = true
  }

  /// Tries until it is known to be there, as `Publisher` does with whole results.
  private func publish(
    _ chunk: ChunkID, _ parts: [TablePublication], of spool: ResultSpool, into tables: [Table]
  ) async throws {
    var budget = RetryBudget(retry)
    let target = tables[0].target
    do {
      try await budget.repeating {
        let publisher = try await asker.publisher(on: target.connection, ledger: target.ledger)
        try Failpoint.hit(.chunkBeforePublish)
        _ = try await publisher.publishChunk(
          parts, of: spool, wholes: tables.map(\.publication.entry), token: tables[0].token)
        try Failpoint.hit(.chunkAfterPublish)
      } failed: { fault, attempts, wait in
        environment.report(ownership.run, .chunkRetried(chunk, attempt: attempts, wait: wait, fault))
        await asker.drop(target.connection)
      }
    } catch var fault as Fault where fault.isWorthAnotherTry {
      // Whoever reads the chunks would begin to read again.
      fault.isTransient = false
      throw fault
    }
  }
}
