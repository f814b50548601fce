/// A generated job: steps, and an aggregate or the columns that the rows are left with.
///
/// As a value with parts, so that one that fails can be made smaller; `PipelineYAML` says it to Tidemark, `PipelineSQL` to
/// Postgres.
struct GeneratedPipeline: Hashable, Sendable {
  var steps: [GeneratedStep]
  var keys: [String]
  var measures: [GeneratedMeasure]
  /// Columns of the rows, where there is no aggregate.
  var selected: [String]

  var isAggregated: Bool { selected.isEmpty }

  /// Pipelines a little simpler than this one.
  var simplifications: [GeneratedPipeline] {
    var found: [GeneratedPipeline] = []
    func add(_ change: (inout GeneratedPipeline) -> Void) {
      var copy = self
      change(&copy)
      found.append(copy)
    }
    for number in steps.indices.reversed() { add { $0.steps.remove(at: number) } }
    for number in keys.indices { add { $0.keys.remove(at: number) } }
    if measures.count > 1 { for number in measures.indices { add { $0.measures.remove(at: number) } } }
    if selected.count > 1 { for number in selected.indices { add { $0.selected.remove(at: number) } } }
    for number in steps.indices {
      for action in steps[number].action.simplifications { add { $0.steps[number].action = action } }
    }
    for (number, measure) in measures.enumerated() {
      if measure.filter != nil { add { $0.measures[number].filter = nil } }
      guard let argument = measure.argument else { continue }
      for simpler in argument.simplifications.filter(\.isOfRows).prefix(20) {
        add { $0.measures[number].argument = simpler }
      }
    }
    return found
  }
}

struct GeneratedMeasure: Hashable, Sendable {
  /// `sum`, `count(distinct`; the parenthesis is closed behind the argument.
  var function: String
  /// None for `count(*)`.
  var argument: GeneratedExpression?
  var filter: GeneratedExpression?

  var text: String {
    let call = function.contains("(") ? function : function + "("
    return call + (argument?.text ?? "*") + ")" + (filter.map { " FILTER (WHERE \($0.text))" } ?? "")
  }
}

struct GeneratedStep: Hashable, Sendable {
  var name: String
  /// `on_fail`, and `on_missing` of lookups.
  var onFail: String
  var action: Action

  struct Named: Hashable, Sendable {
    var name: String
    var expression: GeneratedExpression
  }

  /// `new: old`.
  struct Pair: Hashable, Sendable {
    var new: String
    var old: String
  }

  enum Action: Hashable, Sendable {
    /// Numbers in `SampleSanitizing.all`.
    case sanitize(column: String, operations: [Int])
    /// A number in `SampleParsing.all`.
    case parse(column: String, target: Int, into: String)
    case validate([Named])
    /// In an order in which each may use those before it.
    case derive([Named])
    case filter(GeneratedExpression)
    /// - Parameter table: number in `SampleLookup.all`.
    case lookup(table: Int, match: [String], take: [Pair])
    case pseudonymise([Pair])
    case select([Pair])
    case rename([Pair])
    case drop([String])

    var simplifications: [Action] {
      switch self {
      case .sanitize(let column, let operations) where operations.count > 1:
        operations.indices.map { number in
          var fewer = operations
          fewer.remove(at: number)
          return .sanitize(column: column, operations: fewer)
        }
      case .validate(let rules): Self.simpler(rules).map { .validate($0) }
      case .derive(let entries): Self.simpler(entries).map { .derive($0) }
      case .filter(let condition): condition.simplifications.filter(\.isOfRows).prefix(40).map { .filter($0) }
      default: []
      }
    }

    private static func simpler(_ list: [Named]) -> [[Named]] {
      var found: [[Named]] = []
      for number in list.indices {
        if list.count > 1 {
          var fewer = list
          fewer.remove(at: number)
          found.append(fewer)
        }
        for expression in list[number].expression.simplifications.filter(\.isOfRows).prefix(40) {
          var changed = list
          changed[number].expression = expression
          found.append(changed)
        }
      }
      return found
    }
  }
}
