package import Model

/// Types everything that a job does to its rows: steps, aggregate and checks.
///
/// All faults are reported at once. What depends on something that failed is left out, so that one
/// misspelt column is one fault.
package struct PipelineChecker: Sendable {
  package var references: ReferenceScope
  /// One per `lookup` step, in their order.
  package var lookups: [LookupSchema]

  package init(references: ReferenceScope, lookups: [LookupSchema] = []) {
    self.references = references
    self.lookups = lookups
  }

  /// - Parameters:
  ///   - fetched: every column that the source offers; see `CheckedPipeline.fetchingOnlyUsedColumns`.
  ///   - rowKey: numbers in `fetched` of the columns that name a row.
  /// - Throws: `Faults`: those of `ExpressionChecker`, and `unknown_column`, `duplicate_column`,
  ///   `type_mismatch`, `not_comparable`, `cycle`, `bad_lookup`.
  package func check(
    steps: [Step], aggregate: Aggregate?, fetched: [ColumnSchema], rowKey: [Int]
  ) throws(Faults) -> CheckedPipeline {
    var rows = StepChecker(columns: fetched, references: references, lookups: lookups)
    for step in steps { rows.add(step) }
    var faults = rows.faults
    var typed: TypedAggregate?
    var result = rows.columns
    if let aggregate {
      var groups = AggregateChecker(
        columns: rows.columns, poisoned: rows.poisoned, references: references)
      typed = groups.check(aggregate)
      faults += groups.faults
      if let typed { result = typed.resultSchema(over: rows.columns) }
    }
    if !faults.isEmpty { throw Faults(faults) }
    return CheckedPipeline(
      pipeline: TypedPipeline(
        fetched: fetched, rowKey: rowKey, steps: rows.steps, processed: rows.columns, aggregate: typed),
      result: result)
  }

  /// Types `checks:` over the result's columns.
  package func check(_ checks: [Check], result: [ColumnSchema]) throws(Faults) -> [TypedCheck] {
    var faults: [Fault] = []
    var typed: [TypedCheck] = []
    for check in checks {
      do {
        typed.append(
          TypedCheck(
            name: check.name, condition: try condition(check, result), severity: check.severity,
            place: check.place))
      } catch {
        faults += error.all
      }
    }
    if !faults.isEmpty { throw Faults(faults) }
    return typed
  }

  private func condition(_ check: Check, _ result: [ColumnSchema]) throws(Faults) -> TypedCheck.Condition {
    switch check.condition {
    case .expect(let source):
      var checker = AggregateChecker(columns: result, poisoned: [], references: references)
      guard let typed = checker.expectation(source, named: check.name) else { throw Faults(checker.faults) }
      return .expect(typed)
    case .every(let source):
      let typed = try ExpressionChecker.check(
        source, columns: result, references: references, expecting: .boolean)
      return .every(typed, source: source)
    case .unique(let names):
      var numbers: [Int] = []
      var faults: [Fault] = []
      for name in names {
        if let number = result.firstIndex(where: { $0.name == name }) {
          numbers.append(number)
        } else {
          faults.append(
            Fault.unknownColumn(name, among: result.map(\.name), what: "The result", at: check.place))
        }
      }
      if !faults.isEmpty { throw Faults(faults) }
      return .unique(numbers)
    }
  }
}

extension Fault {
  /// A column that is not there, with what is.
  static func unknownColumn(_ name: String, among known: [String], what: String, at place: Place) -> Fault {
    Fault(
      "unknown_column", .validation, "\(what) has no column `\(name)`", place: place,
      hint: DidYouMean.hint(for: name, among: known)
        ?? (known.isEmpty ? nil : "There are: \(known.prefix(20).joined(separator: ", "))"))
  }
}
