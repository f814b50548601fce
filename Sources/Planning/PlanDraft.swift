internal import Expressions
internal import Model

/// A plan once its pipeline is typed: what is fetched is settled, what is left is how to cut it.
struct PlanDraft: Sendable {
  private let request: PlanRequest
  let shapes: [SourceShape]
  private let lookups: [LookupShape]
  private let checked: CheckedPipeline
  /// The same with the rows' key, where that is not fetched.
  private let naming: TypedPipeline?
  private let pushed: [SQLText]
  private(set) var choices: [ChunkChoice] = []
  private(set) var estimates: [QueryEstimate] = []

  init(request: PlanRequest, shapes: [SourceShape], lookups: [LookupShape]) throws(Faults) {
    self.request = request
    self.shapes = shapes
    self.lookups = lookups
    let columns = try PlanDraft.unified(shapes)
    let key = shapes.first.map { PlanDraft.key($0) } ?? []
    let whole = try PipelineChecker(
      references: request.references,
      lookups: lookups.map { LookupSchema(key: $0.key, payload: $0.payload) }
    ).check(
      steps: request.job.steps, aggregate: request.job.aggregate, fetched: columns,
      rowKey: key.compactMap { name in columns.firstIndex { $0.name == name } })
    let split = PushDown.split(
      whole, limits: request.job.errors.quarantine, names: PlanDraft.nameable(shapes))
    pushed = split.conditions
    let named = split.pipeline.fetchingOnlyUsedColumns()
    var unnamed = split.pipeline
    unnamed.pipeline.rowKey = []
    unnamed = unnamed.fetchingOnlyUsedColumns()
    let isFetchedAnyway = named.pipeline.fetched.count == unnamed.pipeline.fetched.count
    let isNamed = isFetchedAnyway || PlanDraft.mayReject(request.job.steps)
    checked = isNamed ? named : unnamed
    naming = isNamed ? nil : named.pipeline
  }

  /// The columns that a WHERE clause may name in every source: not those that a select list makes.
  private static func nameable(_ shapes: [SourceShape]) -> Set<String> {
    shapes.map(\.nameable).reduce(into: nil as Set<String>?) { common, names in
      common = common?.intersection(names) ?? names
    } ?? []
  }

  /// The columns that every source has, by name; a type that differs is a fault.
  private static func unified(_ shapes: [SourceShape]) throws(Faults) -> [ColumnSchema] {
    guard var columns = shapes.first?.columns else { return [] }
    var faults: [Fault] = []
    for shape in shapes.dropFirst() {
      columns = columns.compactMap { column in
        guard let other = shape.columns.first(where: { $0.name == column.name }) else { return nil }
        if !column.type.isLike(other.type) {
          faults.append(
            Fault(
              "source_mismatch", .validation,
              "Column `\(column.name)` is \(column.type.sqlName) in source `\(shapes[0].source.name)` and \(other.type.sqlName) in `\(shape.source.name)`",
              place: shape.source.place, hint: "Cast one of them in its query"))
        }
        var common = column
        if other.type != column.type { common.type = column.type.base }
        common.isNullable = column.isNullable || other.isNullable
        common.isSensitive = column.isSensitive || other.isSensitive
        return common
      }
    }
    if !faults.isEmpty { throw Faults(faults) }
    return columns
  }

  /// Whether a step can put rows aside, which are kept by their key.
  private static func mayReject(_ steps: [Model.Step]) -> Bool {
    steps.contains { step in
      switch step.action {
      case .validate, .parse: true
      case .lookup(let lookup): lookup.onMissing != .keep
      default: step.onFail == .quarantine
      }
    }
  }

  /// The columns that tell the rows of a source apart, as far as is known.
  private static func key(_ shape: SourceShape) -> [String] {
    uniqueKey(shape) ?? shape.source.chunk.columns
  }

  /// The primary key, else another unique index: what rows can be ordered by however they are cut.
  private static func uniqueKey(_ shape: SourceShape) -> [String]? {
    let indexes = shape.facts?.indexes ?? []
    let unique = indexes.first(where: \.isPrimary) ?? indexes.first(where: \.isUnique)
    return unique?.columns.map(\.name)
  }

  // MARK: Estimates

  /// Which of a source's rows are fetched: its own filter, and what has moved there from the steps.
  func condition(_ shape: SourceShape) -> SQLText? {
    let conditions = [shape.filter].compactMap { $0 } + pushed
    return conditions.isEmpty ? nil : "\(conditions, separator: " AND ")"
  }

  private func fetch(_ shape: SourceShape) -> SQLText {
    let sql: SQLText = "SELECT \(shape.selectList(checked.pipeline.fetched)) FROM \(shape.from)"
    return condition(shape).map { "\(sql) WHERE \($0)" } ?? sql
  }

  var estimateQuestions: [PlanQuestion] {
    shapes.map { .estimate(connection: $0.connection, fetch($0)) }
  }

  mutating func choose(
    _ known: [PlanQuestion: PlanAnswer], servers: [String: ServerFacts]
  ) throws(Faults) {
    var faults = FaultCollector()
    estimates = []
    choices = []
    for (shape, question) in zip(shapes, estimateQuestions) {
      guard case .estimate(let estimate)? = known[question], let server = servers[shape.connection] else {
        throw Faults([Planner.outOfTurn("a question has no answer")])
      }
      estimates.append(estimate)
      faults.collect {
        let choice = try ChunkChooser(
          rule: shape.source.chunk, consistency: shape.source.consistency, server: server,
          table: shape.facts, estimate: estimate, sourceName: shape.source.name
        ).choose()
        try checkColumns(shape.source.chunk.columns, of: choice, shape)
        choices.append(choice)
      }
    }
    try faults.finish()
  }

  /// Columns that the job names are looked at whatever the choice: what is one chunk today may be many tomorrow.
  private func checkColumns(
    _ named: [String], of choice: ChunkChoice, _ shape: SourceShape
  ) throws(Fault) {
    let chosen: [String] = if case .key(let columns, _, _, _) = choice { columns } else { [] }
    for name in named.isEmpty ? chosen : named {
      guard let column = shape.columns.first(where: { $0.name == name }) else {
        throw Fault(
          "unknown_column", .validation, "`chunk` names the column `\(name)`, which the source does not have",
          place: shape.source.chunk.place,
          hint: DidYouMean.hint(for: name, among: shape.columns.map(\.name)))
      }
      if !shape.nameable.contains(name) {
        throw Fault(
          "bad_chunk", .validation,
          "`chunk` names `\(name)`, which \(name == SourceShape.sourceName ? "stands for the source's name" : "`add_columns` makes"); chunks need a column of the source itself",
          place: shape.source.chunk.place)
      }
      if case .time = choice, ![.date, .timestamp, .timestamptz].contains(column.type) {
        throw Fault(
          "bad_chunk", .validation,
          "Time windows need a date or timestamp; `\(name)` is \(column.type.sqlName)",
          place: shape.source.chunk.place)
      }
    }
  }

  // MARK: The plan

  /// - Throws: `Faults` `unknown_column`.
  func plan(_ known: [PlanQuestion: PlanAnswer]) throws(Faults) -> Plan {
    var chunks: [PlannedChunk] = []
    var sources: [PlannedSource] = []
    for (number, shape) in shapes.enumerated() {
      let columns = shape.selectList(checked.pipeline.fetched)
      for range in ranges(number, known) {
        let conditions = [range.predicate, condition(shape)].compactMap { $0 }
        chunks.append(
          PlannedChunk(
            id: ChunkID(chunks.count), source: number, columns: columns, relation: range.relation,
            predicate: conditions.isEmpty ? nil : "\(conditions, separator: " AND ")",
            range: shapes.count > 1 ? "\(shape.source.name): \(range.text)" : range.text))
      }
      sources.append(planned(shape, number))
    }
    let hidden = Set(
      (checked.pipeline.fetched + checked.pipeline.processed).filter(\.isSensitive).map(\.name))
    return Plan(
      sources: sources, chunks: chunks, lookups: lookups.map { $0.planned(hiding: hidden) },
      pipeline: checked.pipeline,
      result: checked.result, resultKey: resultKey, rowOrder: try rowOrder(), pushedDown: pushed,
      naming: naming.map { naming in
        RowNaming(pipeline: naming, columns: shapes.map { $0.selectList(naming.fetched) })
      })
  }

  /// Keys tell groups apart, but not those of several grouping sets: a NULL key and a key that a set leaves
  /// out look the same.
  private var resultKey: [String] {
    guard let aggregate = request.job.aggregate, (aggregate.groupingSets?.count ?? 1) == 1 else { return [] }
    return aggregate.groupBy.map(\.name)
  }

  /// Files need an order, tables do not: what the sink says, else the source's key, else all columns.
  private func rowOrder() throws(Faults) -> [String] {
    let files: [FileSinkRule] = request.job.sinks.compactMap {
      if case .file(let rule) = $0 { rule } else { nil }
    }
    guard request.job.aggregate == nil, let first = files.first else { return [] }
    let names = checked.result.map(\.name)
    if let unknown = first.orderBy.first(where: { !names.contains($0) }) {
      throw Faults([
        Fault(
          "unknown_column", .validation, "`order_by` names `\(unknown)`, which the result does not have",
          place: first.place, hint: DidYouMean.hint(for: unknown, among: names))
      ])
    }
    if !first.orderBy.isEmpty { return first.orderBy }
    let key = (shapes.first.flatMap(PlanDraft.uniqueKey) ?? []).filter(names.contains)
    return key.isEmpty ? names : key
  }

  private func planned(_ shape: SourceShape, _ number: Int) -> PlannedSource {
    let kind: ChunkRule.Kind
    switch choices[number] {
    case .none: kind = .none
    case .pages: kind = .ctid
    case .partitions: kind = .partition
    case .key: kind = .key
    case .time: kind = .time
    }
    var fileNodes: [String: UInt32] = [:]
    if let facts = shape.facts {
      if facts.isHeap { fileNodes[facts.name.description] = facts.fileNode }
      for partition in facts.partitions where partition.isHeap {
        fileNodes[partition.name.description] = partition.fileNode
      }
    }
    return PlannedSource(
      name: shape.source.name, connection: shape.connection, relation: shape.from, filter: condition(shape),
      sent: shape.sentList(checked.pipeline.fetched), locked: shape.locked(estimates[number]),
      consistency: shape.source.consistency, onResume: shape.source.onResume, chunking: kind,
      reason: choices[number].reason, estimatedRows: estimates[number].rows,
      isProvable: isProvable(shape, number),
      fileNodes: fileNodes, said: shape.said)
  }

  /// Whether the rows of the table alone decide what a chunk holds: it is a heap, or made of heaps, and
  /// neither user SQL nor row security looks at any other relation.
  private func isProvable(_ shape: SourceShape, _ number: Int) -> Bool {
    guard let facts = shape.facts else { return false }
    let isPlainHeap =
      (facts.kind == .table && facts.isHeap)
      || (facts.kind == .partitioned && facts.partitions.allSatisfy(\.isHeap))
    let own = Set([facts.name] + facts.partitions.map(\.name))
    let estimate = estimates[number]
    return isPlainHeap && !estimate.callsReaders && estimate.relations.allSatisfy(own.contains)
  }
}
