internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import StateStore

/// Takes the place of reading in a replay: the origin's partials become the run's own, and its rejected
/// rows go through the job's present steps, page by page, each page a chunk with a checkpoint.
struct ReplayPhase: Sendable {
  var environment: EngineEnvironment
  var job: Job
  var plan: Plan
  var work: ChunkWork
  var ownership: Ownership
  var session: SessionSettings
  var asker: PlanAsker
  var origin: ReplayOrigin

  /// Bounds what a page takes of memory and of one statement.
  private static let pageRows = 5000
  private static let pageBytes = 8 << 20
  /// Rows taken from the store at a time.
  private static let step = 250

  private var run: RunID { ownership.run }
  private var store: Store { environment.store }

  /// Goes on behind the last page that is done.
  /// - Throws: `Fault`; a transient one means that the same may be tried again.
  func replay() async throws {
    try await store.adoptChunks(of: origin.record.id, for: ownership)
    let finished = try await store.finishedChunks(of: run)
    var next = (finished.map(\.chunk.number).max() ?? -1) + 1
    var cursor = finished.compactMap { ReplayPhase.cursor($0.proof, of: run) }.last ?? .start
    while let page = try await page(after: cursor), let last = page.last {
      try Task.checkCancellation()
      cursor = RejectionCursor(after: last)
      try await process(page, as: ChunkID(next), last: last)
      next += 1
    }
  }

  private func page(after start: RejectionCursor) async throws -> [StoredRejection]? {
    var page: [StoredRejection] = []
    var bytes = 0
    var cursor = start
    while page.count < ReplayPhase.pageRows, bytes < ReplayPhase.pageBytes {
      let more = try await store.rejections(of: origin.record.id, after: cursor, limit: ReplayPhase.step)
      guard let last = more.last else { break }
      page += more
      bytes += more.map(\.rejection.row.utf8.count).reduce(0, +)
      cursor = RejectionCursor(after: last)
    }
    return page.isEmpty ? nil : page
  }

  private func process(_ page: [StoredRejection], as chunk: ChunkID, last: StoredRejection) async throws {
    let rows = try ReplayRows(page, columns: plan.pipeline.fetched, run: origin.record.id)
    // What Postgres filtered then holds for every row that came; only what is new must be asked.
    let copy = rows.copy(
      where: plan.pushedDown.filter { !origin.saved.pushedDown.contains($0) }, as: work.format)
    environment.report(run, .chunkStarted(chunk, worker: 0))
    let computation = try work.begin()
    let connection = try await asker.connection(plan.sources[0].connection)
    do {
      try await connection.transaction(.reading(session)) { connection in
        try await connection.copyOut(copy) { try computation.add($0) }
      }
    } catch let fault as Fault where fault.code == "unknown_column" {
      throw Fault(
        "replay_misfit", .validation,
        "The rows of run \(origin.record.id) in quarantine lack a column that a filter of the job uses now",
        cause: fault.cause, hint: "Run the interval with --again, which reads the source anew")
    }
    try Failpoint.hit(.chunkRead)
    let yield = try await computation.finish()
    let totals = try await store.checkpoint(
      Checkpoint(
        chunk: chunk, blocks: yield.blocks, rejections: yield.rejections, counts: yield.counts,
        proof: proof(yield, last)), for: ownership)
    environment.report(run, .chunkDone(chunk, yield.counts))
    try QuarantineGuard(limit: job.errors.quarantine, run: ownership.run).check(totals)
  }

  /// How far the origin's rows are done once a page is.
  private func proof(_ yield: ChunkYield, _ last: StoredRejection) -> JSONValue {
    .object([
      ChunkRun.note(yield.blocks), LookupTally.note(yield.lookups), .init("replay", .string(run.text)),
      .init("through", .array([.integer(last.chunk.number), .integer(last.number)])),
    ])
  }

  /// `nil` for a chunk that is not a page of this very replay.
  private static func cursor(_ proof: JSONValue, of run: RunID) -> RejectionCursor? {
    guard proof["replay"]?.stringValue == run.text, let through = proof["through"]?.elements,
      through.count == 2, let chunk = through[0].intValue, let number = through[1].intValue
    else { return nil }
    return RejectionCursor(chunk: chunk, number: number)
  }
}
