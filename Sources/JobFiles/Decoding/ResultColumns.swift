internal import Model

/// The names of a job's result columns, as far as the file alone tells them.
struct ResultColumns {
  /// Nil where they are not known.
  let names: [String]?
  /// The group-by columns; nil without an aggregate.
  let groups: [String]?

  init(steps: [Step], aggregate: Aggregate?) {
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
