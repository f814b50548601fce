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

  /// - Throws: `Fault` of a pseudonym's key that cannot be resolved, or of an unknown `order_by`.
  init(
    plan: Plan, job: Job, lookups: [LookupTable], zones: ZoneContext, values: ExternalValues,
    parallelism: Int, spills: SpillFolder
  ) throws(Fault) {
    pipeline = plan.pipeline
    format = CopyFormat(fetching: plan.pipeline.fetched)
    result = plan.result
    self.lookups = lookups
    self.zones = zones
    self.spills = spills
    memory = (job.limits.memory ?? ChunkWork.defaultMemory).bytes
    memoryLimit = memory / parallelism
    var keys: [Template: [UInt8]] = [:]
    for step in plan.pipeline.steps {
      if case .pseudonymise(_, let key) = step.action { keys[key] = Array(try values.text(of: key).utf8) }
    }
    pseudonymKeys = keys
    order = plan.pipeline.aggregate == nil ? try ChunkWork.order(plan, job) : []
  }

  /// Files need an order, tables do not: what the sink says, else the source's key, with all other
  /// columns behind it.
  static func order(_ plan: Plan, _ job: Job) throws(Fault) -> [RowOrder] {
    let files: [FileSinkRule] = job.sinks.compactMap { if case .file(let rule) = $0 { rule } else { nil } }
    guard let first = files.first else { return [] }
    var order: [RowOrder] = []
    for name in first.orderBy {
      guard let column = plan.result.firstIndex(where: { $0.name == name }) else {
        throw Fault(
          "unknown_column", .validation, "`order_by` names `\(name)`, which the result does not have",
          place: first.place, hint: DidYouMean.hint(for: name, among: plan.result.map(\.name)))
      }
      order.append(RowOrder(column: column))
    }
    if !order.isEmpty { return order }
    order = plan.sourceKey.compactMap { name in
      plan.result.firstIndex { $0.name == name }.map { RowOrder(column: $0) }
    }
    return order.isEmpty ? plan.result.indices.map { RowOrder(column: $0) } : order
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
    _ plan: Plan, _ job: Job, zones: ZoneContext, inputs: Int
  ) throws(Fault) -> any ResultStream {
    let order = plan.pipeline.aggregate == nil ? try order(plan, job) : []
    return try stream(plan.pipeline, plan.result, order, zones, inputs)
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
