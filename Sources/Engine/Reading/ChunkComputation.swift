internal import Compute
internal import Expressions
internal import Model
internal import StateStore

/// What one chunk gave.
struct ChunkYield {
  var blocks: ChunkBlocks
  var rejections: ChunkRejections
  var counts: RowCounts
  var lookups: [LookupCounts]
}

/// The computation of one chunk: COPY bytes in, a partial out.
///
/// Sendable only so that it may cross to the connection's thread and back: `add` is called on that
/// thread while the worker waits, `finish` by the worker afterwards; never by two at once.
final class ChunkComputation: @unchecked Sendable {
  private var pipeline: RowPipeline
  private var consumer: PartialConsumer
  private let rejections: RejectionBuffer
  private let reducer: RunReducer
  private var reported: Int64 = 0

  init(_ work: ChunkWork) throws(Fault) {
    pipeline = try RowPipeline(
      work.pipeline, format: work.format, lookups: work.lookups, zones: work.zones,
      pseudonymKeys: work.pseudonymKeys)
    consumer = PartialConsumer(try Partial(work, processed: pipeline.processed), work: work)
    rejections = RejectionBuffer(in: work.spills)
    reducer = RunReducer(work, memory: work.memoryLimit)
  }

  /// Rows and bytes so far, once for every 65,536 rows: often enough for people.
  func progress() -> (rows: Int64, bytes: Int64)? {
    let counts = pipeline.counts
    guard counts.read - reported >= 65_536 else { return nil }
    reported = counts.read
    return (counts.read, counts.bytes)
  }

  /// - Returns: how many rows the data held.
  @discardableResult
  func add(_ data: UnsafeRawBufferPointer) throws -> Int64 {
    let before = pipeline.counts.read
    try pipeline.add(data, to: &consumer)
    if pipeline.rejectionCount > 0 { try rejections.append(pipeline.takeRejections(.max)) }
    return pipeline.counts.read - before
  }

  /// Rows that `add` has told of; those of the last batch are told of by `finish`.
  var rowsAdded: Int64 { pipeline.counts.read }

  func finish() async throws -> ChunkYield {
    try pipeline.finish(&consumer)
    try rejections.append(pipeline.takeRejections(.max))
    let (blocks, runs) = try consumer.finish()
    return ChunkYield(
      blocks: runs.isEmpty ? blocks : .file(try await reducer.merged(runs)),
      rejections: try rejections.finish(), counts: pipeline.counts, lookups: pipeline.lookupCounts)
  }
}

/// Groups or rows of a chunk, whichever the job makes.
private enum Partial {
  case groups(ChunkAggregator)
  case rows(RowCollector)

  init(_ work: ChunkWork, processed: [ColumnSchema]) throws(Fault) {
    if let aggregate = work.pipeline.aggregate {
      self = .groups(
        try ChunkAggregator(
          aggregate, schema: processed, zones: work.zones, memoryLimit: work.memoryLimit))
    } else {
      self = .rows(RowCollector(processed, order: work.order, memoryLimit: work.memoryLimit))
    }
  }

  func add(_ batch: borrowing Batch) throws(Fault) -> AddResult {
    switch self {
    case .groups(let aggregator): try aggregator.add(batch)
    case .rows(let collector): collector.add(batch)
    }
  }

  func finish() -> any BlockStream {
    switch self {
    case .groups(let aggregator): aggregator.finish()
    case .rows(let collector): collector.finish()
    }
  }
}

/// Feeds processed batches into a partial; what does not fit into memory goes to spill files until
/// the chunk ends.
private struct PartialConsumer: BatchConsumer {
  private let partial: Partial
  private let work: ChunkWork
  /// Rows in no order, as they come.
  private let buffer: BlockBuffer
  /// Sorted runs, which must be merged into one.
  private var runs: [SpilledRun] = []
  /// Of the last batch; to be taken before the next one comes.
  private var full: (any BlockStream)?

  init(_ partial: Partial, work: ChunkWork) {
    self.partial = partial
    self.work = work
    buffer = BlockBuffer(in: work.spills)
  }

  mutating func consume(_ batch: borrowing Batch) throws {
    if case .spill(let blocks) = try partial.add(batch) { full = blocks }
  }

  mutating func settle() throws {
    guard let blocks = full.take() else { return }
    if work.isSorted { try spill(blocks) } else { try keep(blocks) }
  }

  private mutating func spill(_ blocks: any BlockStream) throws(Fault) {
    var writer = try work.spills.makeFile()
    while let block = try blocks.next() { try writer.append(block) }
    runs.append(SpilledRun(writer.finish()))
  }

  private func keep(_ blocks: any BlockStream) throws(Fault) {
    while let block = try blocks.next() { try buffer.append(block) }
  }

  /// The partial, and the runs that must be merged to get it, of which there are none where nothing was spilled.
  mutating func finish() throws(Fault) -> (blocks: ChunkBlocks, runs: [SpilledRun]) {
    if runs.isEmpty { try keep(partial.finish()) } else { try spill(partial.finish()) }
    return (try buffer.finish(), runs)
  }
}
