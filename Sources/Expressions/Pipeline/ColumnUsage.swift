internal import Model

extension CheckedPipeline {
  /// The same pipeline over only those fetched columns that something uses, renumbered; the
  /// result is the same. A column used nowhere but in `drop`, `select` or `rename` is not used.
  package func fetchingOnlyUsedColumns() -> CheckedPipeline {
    let used = usedFetchedColumns()
    var renumbering = Renumbering(pipeline, kept: used)
    return CheckedPipeline(pipeline: renumbering.renumbered(), result: result)
  }

  /// Numbers of the fetched columns that the pipeline or its result needs, ascending.
  package func usedFetchedColumns() -> [Int] {
    var used = Set(pipeline.rowKey)
    /// What each column of the row came as; `nil` once a step has made or replaced it.
    var origins: [Int?] = Array(pipeline.fetched.indices)
    func use(_ numbers: some Sequence<Int>) {
      used.formUnion(numbers.compactMap { origins[$0] })
    }
    for step in pipeline.steps {
      switch step.action {
      case .sanitize(let items): use(items.map(\.column))
      case .parse(let column, _, _, _): use([column])
      case .validate(let rules): for rule in rules { use(rule.expect.columns) }
      case .filter(let condition, _): use(condition.columns)
      case .lookup(let lookup): use(lookup.match)
      case .pseudonymise(let items, _): use(items.map(\.column))
      case .project: break
      case .derive(let entries):
        // Entries see the ones before them.
        for entry in entries {
          use(entry.expression.columns)
          if entry.into == origins.count { origins.append(nil) } else { origins[entry.into] = nil }
        }
        continue
      }
      step.track(&origins)
    }
    if let aggregate = pipeline.aggregate {
      for expression in aggregate.rowExpressions { use(expression.columns) }
    } else {
      use(origins.indices)
    }
    return used.sorted()
  }
}

extension TypedAggregate {
  /// The same without the calls that no output and no `having` names any more: what constants hide is not computed, and
  /// no row fails by it, as in Postgres.
  func droppingUnusedCalls() -> TypedAggregate {
    let used = outputs.reduce(into: having?.columns ?? []) { $0.formUnion($1.expression.columns) }
    let isUsed = calls.indices.map { used.contains(keys.count + $0) }
    func number(_ old: Int) -> Int {
      old - isUsed.prefix(max(old - keys.count, 0)).count { !$0 }
    }
    var copy = self
    copy.calls = zip(calls, isUsed).filter(\.1).map(\.0)
    for index in copy.outputs.indices {
      copy.outputs[index].expression = copy.outputs[index].expression.mappingColumns(number)
    }
    copy.having = having?.mappingColumns(number)
    return copy
  }

  /// Every expression over the processed row.
  var rowExpressions: [TypedExpression] {
    keys.map(\.expression)
      + calls.flatMap { $0.arguments + $0.order.map(\.expression) + ($0.filter.map { [$0] } ?? []) }
  }

  func mappingRowColumns(_ number: (Int) -> Int) -> TypedAggregate {
    var copy = self
    for index in copy.keys.indices {
      copy.keys[index].expression = copy.keys[index].expression.mappingColumns(number)
    }
    for index in copy.calls.indices {
      copy.calls[index].arguments = copy.calls[index].arguments.map { $0.mappingColumns(number) }
      copy.calls[index].filter = copy.calls[index].filter?.mappingColumns(number)
      for item in copy.calls[index].order.indices {
        copy.calls[index].order[item].expression =
          copy.calls[index].order[item].expression.mappingColumns(number)
      }
    }
    return copy
  }
}

/// Leaves fetched columns out of a pipeline that does not use them, and numbers the others anew.
private struct Renumbering {
  private let pipeline: TypedPipeline
  /// New number of each column of the row as it is now; `nil` for one left out.
  private var numbers: [Int?]
  private var columns: [ColumnSchema]
  private let fetched: [ColumnSchema]

  init(_ pipeline: TypedPipeline, kept: [Int]) {
    self.pipeline = pipeline
    numbers = Array(repeating: nil, count: pipeline.fetched.count)
    for (new, old) in kept.enumerated() { numbers[old] = new }
    fetched = kept.map { pipeline.fetched[$0] }
    columns = fetched
  }

  mutating func renumbered() -> TypedPipeline {
    var copy = pipeline
    copy.fetched = fetched
    copy.rowKey = pipeline.rowKey.compactMap { numbers[$0] }
    for (index, step) in pipeline.steps.enumerated() {
      copy.steps[index].columnsBefore = columns
      let after =
        index + 1 < pipeline.steps.count ? pipeline.steps[index + 1].columnsBefore : pipeline.processed
      copy.steps[index].action = action(step.action, after)
    }
    copy.processed = columns
    copy.aggregate = pipeline.aggregate?.mappingRowColumns(new)
    return copy
  }

  private func new(_ old: Int) -> Int { numbers[old] ?? old }

  /// Where a result goes: a column left out so far is appended.
  private mutating func target(_ old: Int, _ after: [ColumnSchema]) -> Int {
    if old == numbers.count { numbers.append(nil) }
    if let new = numbers[old] {
      columns[new] = after[old]
      return new
    }
    numbers[old] = columns.count
    columns.append(after[old])
    return columns.count - 1
  }

  private mutating func action(_ action: TypedStep.Action, _ after: [ColumnSchema]) -> TypedStep.Action {
    switch action {
    case .sanitize(let items):
      return .sanitize(
        items.map { .init(column: target($0.column, after), operations: $0.operations) })
    case .parse(let column, let into, let parseTarget, let type):
      let column = new(column)
      return .parse(column: column, into: target(into, after), target: parseTarget, type: type)
    case .validate(let rules):
      return .validate(
        rules.map { .init(name: $0.name, expect: $0.expect.mappingColumns(new), source: $0.source) })
    case .derive(let entries):
      return .derive(
        entries.map { entry in
          let expression = entry.expression.mappingColumns(new)
          return .init(into: target(entry.into, after), expression: expression, source: entry.source)
        })
    case .filter(let condition, let source): return .filter(condition.mappingColumns(new), source: source)
    case .lookup(var lookup):
      lookup.match = lookup.match.map(new)
      lookup.take = lookup.take.map { .init(payload: $0.payload, into: target($0.into, after)) }
      return .lookup(lookup)
    case .pseudonymise(let items, let key):
      let sources = items.map { new($0.column) }
      return .pseudonymise(
        zip(items, sources).map { .init(column: $1, into: target($0.into, after)) }, key: key)
    case .project(let list):
      let kept = list.indices.filter { numbers[list[$0]] != nil }
      let result = kept.map { new(list[$0]) }
      columns = kept.map { after[$0] }
      var renumbered: [Int?] = Array(repeating: nil, count: list.count)
      for (new, old) in kept.enumerated() { renumbered[old] = new }
      numbers = renumbered
      return .project(result)
    }
  }
}
