package import Expressions
package import Model

/// Carries out the steps of a job on the rows of one chunk: COPY bytes in, processed batches out.
///
///     var pipeline = try RowPipeline(typed, lookups: tables, zones: zones)
///     while let data = copyData() { try pipeline.add(data, to: &consumer); store(pipeline.takeRejections(1000)) }
///     try pipeline.finish(&consumer)
///
/// Memory does not grow with the chunk, but for rejections that are not taken. After a fault the pipeline is
/// of no use. Not safe to use from two threads at once; make one per worker.
package struct RowPipeline: ~Copyable {
  /// Names and types of the processed columns, as in the batches handed on.
  package let processed: [ColumnSchema]
  private var decoder: CopyDecoder
  private let runners: [any StepRunner]
  private let judge: RowJudge
  private let columns: [Column]
  private var nextOrdinal: Int64 = 0
  private var bytesRead: Int64 = 0

  /// - Parameters:
  ///   - format: the form of the COPY stream.
  ///   - lookups: the tables that `lookup` steps number.
  ///   - pseudonymKeys: the bytes of each key that `pseudonymise` steps name.
  /// - Throws: `Fault` for an expression without a kernel, a pattern that cannot be used, or a missing key.
  package init(
    _ pipeline: TypedPipeline, format: CopyFormat = .binary, lookups: [LookupTable] = [],
    zones: ZoneContext, pseudonymKeys: [Template: [UInt8]] = [:]
  ) throws(Fault) {
    decoder = CopyDecoder(pipeline.fetched, format: format)
    judge = RowJudge(
      record: RowRecord(schema: pipeline.fetched, columns: decoder.columns, rowKey: pipeline.rowKey))
    var columns = decoder.columns
    var runners: [any StepRunner] = []
    for (number, step) in pipeline.steps.enumerated() {
      let after =
        number + 1 < pipeline.steps.count
        ? pipeline.steps[number + 1].columnsBefore : pipeline.processed
      let runner = try Self.runner(
        step, after: after, columns: columns, lookups: lookups, zones: zones, pseudonymKeys: pseudonymKeys)
      columns = runner.columns
      runners.append(runner)
    }
    self.columns = columns
    self.runners = runners
    processed = pipeline.processed
  }

  private static func runner(
    _ step: TypedStep, after: [ColumnSchema], columns: [Column], lookups: [LookupTable],
    zones: ZoneContext, pseudonymKeys: [Template: [UInt8]]
  ) throws(Fault) -> any StepRunner {
    switch step.action {
    case .sanitize(let entries): return try SanitizeStep(entries, step, columns: columns)
    case .parse(let column, let into, let target, let type):
      return try ParseStep(
        column: column, into: into, target: target, type: type, step, columns: columns, zones: zones)
    case .validate(let rules): return try ValidateStep(rules, step, columns: columns, zones: zones)
    case .derive(let entries):
      return try DeriveStep(
        entries, step, names: entries.map { after[$0.into].name }, columns: columns, zones: zones)
    case .filter(let condition, let source):
      return try FilterStep(condition, source: source, step, columns: columns, zones: zones)
    case .lookup(let lookup):
      guard lookup.table < lookups.count else {
        throw Fault(
          "lookup_not_loaded", .internal, "The table of step \(step.name) was not loaded", place: step.place)
      }
      return try LookupStep(lookup, step, table: lookups[lookup.table], columns: columns)
    case .pseudonymise(let entries, let key):
      guard let bytes = pseudonymKeys[key] else {
        throw Fault(
          "missing_key", .validation, "The key of step \(step.name) was not resolved", place: step.place)
      }
      return PseudonymiseStep(entries, step, key: bytes, columns: columns, zones: zones)
    case .project(let numbers): return ProjectStep(numbers, columns: columns)
    }
  }

  /// What became of the rows of all batches so far.
  package var counts: RowCounts {
    var counts = judge.counts
    counts.bytes = bytesRead
    return counts
  }

  /// Hits and misses of each `lookup` step, in the steps' order.
  package var lookupCounts: [LookupCounts] { runners.compactMap { ($0 as? LookupStep)?.counts } }

  /// Rejections not taken yet.
  package var rejectionCount: Int { judge.rejections.count }

  /// Takes up to `maximum` rejections, oldest first.
  package mutating func takeRejections(_ maximum: Int) -> [Rejection] { judge.takeRejections(maximum) }

  /// Takes a piece of the COPY stream, of any length, and hands every batch that it completes to `consumer`.
  /// - Throws: `Fault` for malformed data and for rows that fail a step under `on_fail: fail`; what the
  ///   consumer throws.
  package mutating func add<Consumer: BatchConsumer>(
    _ bytes: UnsafeRawBufferPointer, to consumer: inout Consumer
  ) throws {
    bytesRead += Int64(bytes.count)
    var rest = bytes
    while try decoder.decode(&rest) == .full { try flush(to: &consumer) }
  }

  /// Ends the chunk: processes the last batch.
  /// - Throws: as `add`; `Fault` `truncated_copy` where the stream's end is missing.
  package mutating func finish<Consumer: BatchConsumer>(_ consumer: inout Consumer) throws {
    try decoder.finish()
    try flush(to: &consumer)
  }

  private mutating func flush<Consumer: BatchConsumer>(to consumer: inout Consumer) throws {
    let count = decoder.count
    guard count > 0 else { return }
    decoder.sealBatch()
    judge.firstOrdinal = nextOrdinal
    judge.counts.read += Int64(count)
    var rows = Rows(count: count)
    judge.beginBatch()
    for runner in runners {
      if rows.isEmpty { break }
      let known = judge.quarantined.count
      rows = try runner.run(rows, judge)
      guard judge.quarantined.count > known else { continue }
      noteQuarantined(judge.quarantined[known...], through: runner)
    }
    judge.counts.kept += Int64(rows.count)
    if !rows.isEmpty {
      try consumer.consume(
        Batch(
          schema: processed, columns: columns, rows: rows, firstOrdinal: nextOrdinal, record: judge.record))
    }
    nextOrdinal += Int64(count)
    decoder.startBatch()
    try consumer.settle()
  }

  /// Tells the lookups up to `last` which of their rows have come into quarantine.
  private func noteQuarantined(_ rows: ArraySlice<Int>, through last: any StepRunner) {
    for runner in runners {
      (runner as? LookupStep)?.noteQuarantined(rows)
      if runner === last { return }
    }
  }
}

/// How often a lookup found its key.
package struct LookupCounts: Hashable, Sendable {
  package let lookup: String
  package var hits: Int64 = 0
  package var misses: Int64 = 0
  /// How many of both were rows that this step or a later one put into quarantine.
  package var quarantinedHits: Int64 = 0
  package var quarantinedMisses: Int64 = 0
}
