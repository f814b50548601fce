import Compute
import Expressions
import Model

/// Carries a typed pipeline out over COPY bytes as a run does: steps, chunk aggregate, merge.
struct PipelineRun: ~Copyable {
  private let checked: CheckedPipeline
  private let zones: ZoneContext
  private var pipeline: RowPipeline
  private let steps: [String]

  init(
    _ checked: CheckedPipeline, format: CopyFormat, lookups: [LookupTable], zones: ZoneContext
  ) throws {
    self.checked = checked
    self.zones = zones
    var keys: [Template: [UInt8]] = [:]
    for step in checked.pipeline.steps {
      if case .pseudonymise(_, let key) = step.action { keys[key] = PipelineOracle.pepper }
    }
    pipeline = try RowPipeline(
      checked.pipeline, format: format, lookups: lookups, zones: zones, pseudonymKeys: keys)
    steps = checked.pipeline.steps.compactMap { step in
      if case .lookup = step.action { step.name } else { nil }
    }
  }

  mutating func outcome(of stream: [UInt8]) throws -> PipelineOutcome {
    var outcome = PipelineOutcome()
    do {
      var consumer = try Consumer(checked, zones)
      try stream.withUnsafeBytes { try pipeline.add($0, to: &consumer) }
      try pipeline.finish(&consumer)
      outcome.result = try consumer.rows().sorted()
    } catch let fault as Fault {
      outcome.fault = Self.said(by: fault)
      if outcome.fault != "aggregate" { outcome.reasons = [PipelineOutcome.reason(fault.code)] }
    }
    outcome.rowsRead = Int(pipeline.counts.read)
    outcome.filtered = Int(pipeline.counts.filtered)
    outcome.dropped = Int(pipeline.counts.dropped)
    outcome.rejected = pipeline.takeRejections(.max).map { rejection in
      let broken = rejection.broken.map { "\($0.rule)=\(PipelineOutcome.reason($0.reason))" }.sorted()
      return "\(rejection.key.first?.text ?? "?") \(rejection.step) \(broken.joined(separator: " "))"
    }.sorted()
    outcome.lookups = zip(steps, pipeline.lookupCounts).map { "\($0): \($1.hits) \($1.misses)" }.sorted()
    return outcome
  }

  /// `The row with id = 7 fails step "step-1": rule` as `step-1 7`.
  private static func said(by fault: Fault) -> String {
    if fault.code == "aggregate_fault" { return "aggregate" }
    guard let match = fault.sentence.firstMatch(of: /^The row with id = (\d+) fails step "([^"]+)"/) else {
      return fault.sentence
    }
    return "\(match.2) \(match.1)"
  }
}

/// Aggregates batches in one chunk, or keeps their rows as text.
private struct Consumer: BatchConsumer {
  private let checked: CheckedPipeline
  private let zones: ZoneContext
  private let aggregator: ChunkAggregator?
  private var texts: [String] = []

  init(_ checked: CheckedPipeline, _ zones: ZoneContext) throws {
    self.checked = checked
    self.zones = zones
    aggregator = try checked.pipeline.aggregate.map {
      try ChunkAggregator($0, schema: checked.pipeline.processed, zones: zones, memoryLimit: 1 << 30)
    }
  }

  mutating func consume(_ batch: borrowing Batch) throws {
    if let aggregator {
      _ = try aggregator.add(batch)
    } else {
      texts += try shown(batch.columns, batch.rows)
    }
  }

  mutating func rows() throws -> [String] {
    guard let aggregate = checked.pipeline.aggregate, let aggregator else { return texts }
    let blocks = aggregator.finish()
    let merger = try GroupMerger(aggregate, zones: zones, inputs: 1)
    while true {
      switch try merger.next() {
      case .rows(let batch): texts += try shown(batch.columns, batch.rows)
      case .need(let input):
        if let block = try blocks.next() { try merger.offer(block, to: input) } else { merger.end(input) }
      case .done: return texts
      }
    }
  }

  /// Each row with the types of its columns, as `PipelineSQL` has Postgres print it.
  private func shown(_ columns: [Column], _ rows: Rows) throws -> [String] {
    let schema = checked.result
    let program = try Program(
      schema.enumerated().map { number, column in
        TypedExpression(.cast(TypedExpression(.column(number), type: column.type)), type: .text)
      }, schema: schema, zones: zones)
    program.run(columns, rows)
    return (0..<rows.count).map { position in
      schema.enumerated().map { number, column in
        let type = column.type.isChar ? "character" : column.type.base.sqlName
        guard case .text(let text) = program.result(number).value(at: rows[position]) else {
          return "\(type) NULL"
        }
        return "\(type) = \(text)"
      }.joined(separator: " | ")
    }
  }
}
