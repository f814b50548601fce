internal import Compute
internal import Expressions
internal import Model

/// Judges one of a job's checks on the result rows as they pass.
struct CheckJudge {
  let check: TypedCheck
  private let judge: Judge
  /// The columns of the rows that examples are taken of.
  private let shown: [ColumnSchema]
  private var broken: Int64 = 0
  private var example: String?
  private var rows: Int64 = 0

  private enum Judge {
    /// Aggregates whose one output row (or whose any row, for `unique`) decides.
    case aggregate(ChunkAggregator, TypedAggregate, passesWhenEmpty: Bool)
    case every(Program)
  }

  /// What a judged check comes to.
  struct Verdict {
    var passed: Bool
    var detail: String
  }

  /// Bytes that the groups of a `unique` check may take.
  private static let memoryLimit = 256 << 20

  init(_ check: TypedCheck, result: [ColumnSchema], zones: ZoneContext) throws(Fault) {
    self.check = check
    shown = if case .unique(let columns) = check.condition { columns.map { result[$0] } } else { result }
    switch check.condition {
    case .expect(let aggregate):
      judge = .aggregate(
        try ChunkAggregator(aggregate, schema: result, zones: zones, memoryLimit: CheckJudge.memoryLimit),
        aggregate, passesWhenEmpty: false)
    case .unique(let columns):
      let aggregate = CheckJudge.duplicates(of: columns, result: result)
      judge = .aggregate(
        try ChunkAggregator(aggregate, schema: result, zones: zones, memoryLimit: CheckJudge.memoryLimit),
        aggregate, passesWhenEmpty: true)
    case .every(let expression, _):
      judge = .every(try Program([expression], schema: result, zones: zones))
    }
  }

  /// The groups of `columns` that have more than one row.
  private static func duplicates(of columns: [Int], result: [ColumnSchema]) -> TypedAggregate {
    let keys = columns.map { number in
      TypedAggregate.NamedTyped(
        name: result[number].name,
        expression: TypedExpression(.column(number), type: result[number].type),
        source: SourceText(result[number].name))
    }
    let outputs = columns.indices.map { position in
      TypedAggregate.NamedTyped(
        name: keys[position].name,
        expression: TypedExpression(.column(position), type: keys[position].expression.type),
        source: keys[position].source)
    }
    let several = TypedExpression(
      .call(
        .greater,
        [
          TypedExpression(.column(columns.count), type: .bigint),
          TypedExpression(.literal(.integer(1)), type: .bigint),
        ]), type: .boolean)
    return TypedAggregate(
      keys: keys, sets: [Array(columns.indices)],
      calls: [AggregateCall(function: .count, arguments: [], type: .bigint)], outputs: outputs,
      groupings: [], having: several)
  }

  mutating func add(_ batch: borrowing Batch) throws(Fault) {
    rows += Int64(batch.rows.count)
    switch judge {
    case .aggregate(let aggregator, _, _):
      if case .spill = try aggregator.add(batch) {
        throw Fault(
          "check_too_large", .resource, "The check `\(check.name)` needs more memory than it may take",
          place: check.place)
      }
    case .every(let program):
      program.run(batch.columns, batch.rows)
      if let fault = program.faults.first {
        throw Fault(
          "check_fault", .data, "The check `\(check.name)` cannot be computed for a result row",
          place: check.place, cause: fault.fault.sentence)
      }
      let verdicts = program.result(0)
      for position in 0..<batch.rows.count {
        let row = batch.rows[position]
        if verdicts.isValid(row), verdicts.integers[row] != 0 { continue }
        broken += 1
        if example == nil { example = text(batch, row) }
      }
    }
  }

  /// The row's values by name, sensitive ones not shown.
  private func text(_ batch: borrowing Batch, _ row: Int) -> String {
    zip(shown, batch.columns).map { schema, column in
      let value = schema.isSensitive ? "(not shown)" : column.value(at: row).postgresText ?? "NULL"
      return "\(schema.name) = \(value)"
    }.joined(separator: ", ")
  }

  /// What all checks of a result come to.
  static func verdicts(
    of judges: inout [CheckJudge], zones: ZoneContext
  ) throws(Fault) -> [(check: TypedCheck, verdict: Verdict)] {
    var verdicts: [(check: TypedCheck, verdict: Verdict)] = []
    for index in judges.indices {
      verdicts.append((judges[index].check, try judges[index].verdict(zones: zones)))
    }
    return verdicts
  }

  private mutating func verdict(zones: ZoneContext) throws(Fault) -> Verdict {
    switch judge {
    case .every:
      return broken == 0
        ? Verdict(passed: true, detail: "true for all \(rows) rows")
        : Verdict(passed: false, detail: "not true for \(broken) of \(rows) rows, first: \(example ?? "")")
    case .aggregate(let aggregator, let aggregate, let passesWhenEmpty):
      let partial = aggregator.finish()
      let stream = try GroupMerger(aggregate, zones: zones, inputs: 1)
      while true {
        switch try stream.next() {
        case .need(let input):
          if let block = try partial.next() { try stream.offer(block, to: input) } else { stream.end(input) }
        case .done:
          return Verdict(passed: passesWhenEmpty, detail: passesWhenEmpty ? "no duplicates" : "no row")
        case .rows(let batch):
          if batch.rows.isEmpty { continue }
          if passesWhenEmpty {
            return Verdict(
              passed: false, detail: "more than one row has \(text(batch, batch.rows[0]))")
          }
          let passed =
            batch.columns[0].isValid(batch.rows[0]) && batch.columns[0].integers[batch.rows[0]] != 0
          return Verdict(passed: passed, detail: passed ? "true" : "not true over \(rows) rows")
        }
      }
    }
  }
}
