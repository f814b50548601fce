internal import Model

/// The names of a job's result columns, as far as the file alone tells them.
struct ResultColumns {
  /// Nil where they are not known.
  let names: [String]?
  /// The group-by columns; nil without an aggregate.
  let groups: [String]?
  /// What the steps make, of which an aggregate keeps only what it groups by.
  let derived: Set<String>

  init(steps: [Step], aggregate: Aggregate?) {
    derived = Set(steps.flatMap(\.newColumns))
    if let aggregate {
      groups = aggregate.groupBy.map(\.name)
      names = aggregate.groupBy.map(\.name) + aggregate.measures.map(\.name)
    } else if case .select(let columns) = steps.last?.action {
      groups = nil
      names = columns.map(\.name)
    } else {
      groups = nil
      names = nil
    }
  }
}

extension Step {
  fileprivate var newColumns: [String] {
    switch action {
    case .derive(let entries): entries.map(\.name)
    case .parse(let parsing): parsing.into.map { [$0] } ?? []
    case .lookup(let lookup): lookup.take.map(\.name)
    case .pseudonymise(let columns, _), .select(let columns), .rename(let columns): columns.map(\.name)
    case .sanitize, .validate, .filter, .drop: []
    }
  }
}
