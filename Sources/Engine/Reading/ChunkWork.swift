internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Runtime
internal import StateStore

/// What is done to every chunk of a run: made once, begun once per chunk by any worker.
struct ChunkWork: Sendable {
  private(set) var pipeline: TypedPipeline
  /// The form in which the chunks' rows are fetched.
  private(set) var format: CopyFormat
  let result: [ColumnSchema]
  let lookups: [LookupTable]
  let zones: ZoneContext
  let pseudonymKeys: [Template: [UInt8]]
  /// Bytes that the groups of one worker may take before they are spilled.
  let memoryLimit: Int
  /// Bytes that the run may take, all workers together.
  let memory: Int
  /// How row-level results are sorted; empty where nothing asks for an order.
  let order: [RowOrder]
  let spills: SpillFolder

  /// What a run may take where the job does not say; shared by its workers.
  static let defaultMemory = ByteCount.megabytes(512)

  init(
    plan: Plan, job: Job, lookups: [LookupTable], zones: ZoneContext, pseudonymKeys: PseudonymKeys,
    parallelism: Int, spills: SpillFolder
  ) {
    pipeline = plan.pipeline
    format = CopyFormat(fetching: plan.pipeline.fetched)
    result = plan.result
    self.lookups = lookups
    self.zones = zones
    self.spills = spills
    memory = (job.limits.memory ?? ChunkWork.defaultMemory).bytes
    memoryLimit = memory / parallelism
    self.pseudonymKeys = pseudonymKeys.bytes
    order = ChunkWork.order(plan)
  }

  private static func order(_ plan: Plan) -> [RowOrder] {
    plan.rowOrder.compactMap { name in
      plan.result.firstIndex { $0.name == name }.map { RowOrder(column: $0) }
    }
  }

  /// The same work on rows that more columns are fetched of.
  func fetching(_ pipeline: TypedPipeline) -> ChunkWork {
    var work = self
    work.pipeline = pipeline
    work.format = CopyFormat(fetching: pipeline.fetched)
    return work
  }

  /// - Throws: `Fault` where an expression cannot be computed here.
  func begin() throws(Fault) -> ChunkComputation {
    try ChunkComputation(self)
  }

  /// Whether partials are sorted runs, which must be merged; else rows as they came.
  var isSorted: Bool { pipeline.aggregate != nil || !order.isEmpty }

  /// Makes one sorted run of several.
  func runMerger(inputs: Int) throws(Fault) -> any RunMerger {
    if let aggregate = pipeline.aggregate { return try PartialMerger(aggregate, inputs: inputs) }
    return SortedRowMerger(result, order: order, inputs: inputs)
  }

  /// The stream that makes result rows of the chunks' partials.
  func merge(inputs: Int) throws(Fault) -> any ResultStream {
    try ChunkWork.stream(pipeline, result, order, zones, inputs)
  }

  /// The same for a plan whose chunks are all done.
  static func merge(
    _ plan: Plan, zones: ZoneContext, inputs: Int
  ) throws(Fault) -> any ResultStream {
    try stream(plan.pipeline, plan.result, order(plan), zones, inputs)
  }

  private static func stream(
    _ pipeline: TypedPipeline, _ result: [ColumnSchema], _ order: [RowOrder], _ zones: ZoneContext,
    _ inputs: Int
  ) throws(Fault) -> any ResultStream {
    if let aggregate = pipeline.aggregate {
      return try GroupMerger(aggregate, zones: zones, inputs: inputs)
    }
    return order.isEmpty
      ? CollectedRows(result, inputs: inputs) : SortedRows(result, order: order, inputs: inputs)
  }
}
