internal import Model

/// Types an `aggregate:` block, or the expression of an `expect` check, over rows of `columns`.
struct AggregateChecker {
  let columns: [ColumnSchema]
  let poisoned: Set<String>
  let references: ReferenceScope
  private(set) var faults: [Fault] = []

  init(columns: [ColumnSchema], poisoned: Set<String>, references: ReferenceScope) {
    self.columns = columns
    self.poisoned = poisoned
    self.references = references
  }

  /// `nil` where faults were gathered.
  mutating func check(_ aggregate: Aggregate) -> TypedAggregate? {
    checkNames(aggregate)
    guard var group = keys(aggregate.groupBy) else { return nil }
    let sets = sets(aggregate, group.keys.map(\.name))
    let measures = measures(aggregate.measures, &group)
    var having: TypedExpression?
    if let source = aggregate.having {
      having = typed(source, &group, failed: failedMeasures(aggregate, group)) {
        checker, operand throws(Faults) in
        try checker.finish(operand, expecting: .boolean)
      }
    }
    guard faults.isEmpty else { return nil }
    let keyOutputs = group.keys.enumerated().map { number, key in
      TypedAggregate.NamedTyped(
        name: key.name,
        expression: TypedExpression(.column(number), type: key.expression.type, range: key.expression.range),
        source: key.source, description: key.description)
    }
    return TypedAggregate(
      keys: group.keys, sets: sets, calls: group.calls,
      outputs: keyOutputs
        + measures.map { measure in
          var measure = measure
          measure.expression = group.numbered(measure.expression)
          return measure
        },
      groupings: group.groupings, having: having.map(group.numbered)
    ).droppingUnusedCalls()
  }

  /// An aggregate without keys whose one output is the condition.
  mutating func expectation(_ source: SourceText, named name: String) -> TypedAggregate? {
    var group = GroupState(keys: [], keySyntax: [])
    let condition = typed(source, &group, failed: []) { checker, operand throws(Faults) in
      try checker.finish(operand, expecting: .boolean)
    }
    guard let condition, faults.isEmpty else { return nil }
    return TypedAggregate(
      keys: [], sets: [[]], calls: group.calls,
      outputs: [.init(name: name, expression: group.numbered(condition), source: source)],
      groupings: group.groupings, having: nil
    ).droppingUnusedCalls()
  }

  private mutating func checkNames(_ aggregate: Aggregate) {
    var names: Set<String> = []
    let named =
      aggregate.groupBy.map { ($0.name, $0.expression.place) }
      + aggregate.measures.map { ($0.name, $0.value.place) }
    for (name, place) in named where !names.insert(name).inserted {
      faults.append(
        Fault(
          "duplicate_column", .validation, "The result would have two columns `\(name)`", place: place,
          hint: "Give one of them another name"))
    }
  }

  private mutating func keys(_ entries: [Step.NamedExpression]) -> GroupState? {
    var group = GroupState(keys: [], keySyntax: [])
    var isWhole = true
    for entry in entries {
      do {
        let syntax = try ExpressionParser.parse(entry.expression)
        if !syntax.columnNames().isDisjoint(with: poisoned) {
          isWhole = false
          continue
        }
        var checker = Checker(source: entry.expression, columns: columns, references: references)
        guard let operand = checker.check(syntax), checker.requireComparable(operand, "grouped by") else {
          throw Faults(checker.faults)
        }
        let typed = try checker.finish(operand, expecting: nil)
        group.keys.append(.init(name: entry.name, expression: typed, source: entry.expression))
        group.keySyntax.append(syntax)
      } catch let fault as Fault {
        faults.append(fault)
        isWhole = false
      } catch let several as Faults {
        faults += several.all
        isWhole = false
      } catch {
        isWhole = false
      }
    }
    return isWhole ? group : nil
  }

  private mutating func sets(_ aggregate: Aggregate, _ keys: [String]) -> [[Int]] {
    guard let sets = aggregate.groupingSets else { return [Array(keys.indices)] }
    return sets.map { names in
      names.compactMap { name in
        if let number = keys.firstIndex(of: name) { return number }
        faults.append(Fault.unknownColumn(name, among: keys, what: "`group_by`", at: aggregate.place))
        return nil
      }
    }
  }

  /// Typed over the group row, in the order of the file; groupings not yet numbered.
  private mutating func measures(
    _ entries: [Aggregate.Measure], _ group: inout GroupState
  ) -> [TypedAggregate.NamedTyped] {
    let order: [Int]
    do {
      order = try DependencyOrder.order(entries, besideKeys: Set(group.keys.map(\.name)))
    } catch {
      faults += error.all
      return []
    }
    guard faults.isEmpty else { return [] }
    var made: [Int: TypedAggregate.NamedTyped] = [:]
    var failed: Set<String> = []
    for number in order {
      let entry = entries[number]
      let expression = typed(entry.value, &group, failed: failed) { checker, operand throws(Faults) in
        guard let type = entry.type, let checked = operand else {
          return try checker.finish(operand, expecting: nil)
        }
        let assigned = checker.assign(checked, to: type)
        return try checker.finish(assigned.map { Checker.Operand(typed: $0) }, expecting: nil)
      }
      guard let expression else {
        failed.insert(entry.name)
        continue
      }
      group.measures[entry.name] = expression
      made[number] = .init(
        name: entry.name, expression: expression, source: entry.value, description: entry.description)
    }
    return entries.indices.compactMap { made[$0] }
  }

  private func failedMeasures(_ aggregate: Aggregate, _ group: GroupState) -> Set<String> {
    Set(aggregate.measures.map(\.name)).subtracting(group.measures.keys)
  }

  /// Checks one expression in the group's scope; `nil`, and faults gathered, where it fails.
  private mutating func typed(
    _ source: SourceText, _ group: inout GroupState, failed: Set<String>,
    _ finish: (inout Checker, Checker.Operand?) throws(Faults) -> TypedExpression
  ) -> TypedExpression? {
    do {
      let syntax = try ExpressionParser.parse(source)
      if !syntax.columnNames(insideAggregates: false).isDisjoint(with: failed) { return nil }
      if !syntax.columnNames().isDisjoint(with: poisoned) { return nil }
      var checker = Checker(source: source, columns: columns, references: references, group: group)
      let operand = checker.check(syntax)
      let typed = try finish(&checker, operand)
      if let state = checker.group { group = state }
      return typed
    } catch let fault as Fault {
      faults.append(fault)
    } catch let several as Faults {
      faults += several.all
    } catch {
      return nil
    }
    return nil
  }
}
