package import Model

/// Moves what Postgres may just as well do from a pipeline into the query that fetches its rows.
package enum PushDown {
  /// A pipeline without the steps that moved, and what became of those.
  package struct Split: Hashable, Sendable {
    package var pipeline: CheckedPipeline
    /// Conditions over the source's columns, to be joined by AND.
    package var conditions: [SQLText]
  }

  /// Moves every `filter` that nothing before it can reject or count a row of, that cannot fault, is
  /// portable, and looks only at columns as they were fetched.
  ///
  /// - Parameters:
  ///   - limits: with a limit by share nothing moves, since the share is of the rows that reach the
  ///     first step.
  ///   - names: the columns that a WHERE clause of the source can name; those that the select
  ///     list makes are not among them.
  package static func split(
    _ whole: CheckedPipeline, limits: ErrorRules.QuarantineLimit, names: Set<String>
  ) -> Split {
    var split = Split(pipeline: whole, conditions: [])
    if limits.maximumSharePPM != nil { return split }
    var kept: [TypedStep] = []
    var origins: [Int?] = Array(whole.pipeline.fetched.indices)
    var isOpen = true
    for step in whole.pipeline.steps {
      if isOpen, case .filter(let condition, _) = step.action,
        let condition = fetchedCondition(condition, origins, whole.pipeline.fetched, names)
      {
        split.conditions.append(condition)
        continue
      }
      isOpen = isOpen && !step.canReject && !step.countsRows
      step.track(&origins)
      kept.append(step)
    }
    split.pipeline.pipeline.steps = kept
    return split
  }

  private static func fetchedCondition(
    _ condition: TypedExpression, _ origins: [Int?], _ fetched: [ColumnSchema], _ names: Set<String>
  ) -> SQLText? {
    guard condition.isPortable, condition.cannotFault else { return nil }
    for number in condition.columns {
      guard let origin = origins[number], names.contains(fetched[origin].name) else { return nil }
    }
    let moved = condition.mappingColumns { origins[$0] ?? $0 }
    return SQLRenderer(columns: fetched.map { "\(Identifier($0.name))" }).render(moved)
  }
}

extension TypedStep {
  /// True where the step may send a row anywhere but to the next step.
  var canReject: Bool {
    switch action {
    case .sanitize, .project, .pseudonymise, .derive, .filter: canFault
    case .parse, .validate: true
    case .lookup(let lookup): lookup.onMissing != .keep
    }
  }

  /// True where an expression of the step may fault for a row.
  package var canFault: Bool {
    switch action {
    case .derive(let entries): !entries.allSatisfy(\.expression.cannotFault)
    case .filter(let condition, _): !condition.cannotFault
    case .validate(let rules): !rules.allSatisfy(\.expect.cannotFault)
    case .sanitize, .parse, .lookup, .pseudonymise, .project: false
    }
  }

  /// True where the step reports something of every row that reaches it.
  var countsRows: Bool {
    if case .lookup = action { true } else { false }
  }

  /// Follows which fetched column each column of the row still is.
  func track(_ origins: inout [Int?]) {
    func replace(_ number: Int) {
      if number == origins.count { origins.append(nil) } else { origins[number] = nil }
    }
    switch action {
    case .sanitize(let items): for item in items { replace(item.column) }
    case .parse(_, let into, _, _): replace(into)
    case .validate, .filter: break
    case .derive(let entries): for entry in entries { replace(entry.into) }
    case .lookup(let lookup): for take in lookup.take { replace(take.into) }
    case .pseudonymise(let items, _): for item in items { replace(item.into) }
    case .project(let numbers): origins = numbers.map { origins[$0] }
    }
  }
}
