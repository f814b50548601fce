package import Model

/// All that is done to the rows of a source, typed: the value that Planning makes and Compute
/// carries out.
///
/// Rows flow through `steps` in order. Each step sees the columns of `columnsBefore`, and leaves
/// those of the next step's `columnsBefore` (the last one: `processed`).
package struct TypedPipeline: Hashable, Sendable {
  /// The columns fetched, in the order of the COPY. Named for faults and quarantine.
  package var fetched: [ColumnSchema]
  /// Numbers in `fetched` of the columns that name a row in faults and quarantine; may be empty.
  package var rowKey: [Int]
  package var steps: [TypedStep]
  package var processed: [ColumnSchema]
  package var aggregate: TypedAggregate?

  package init(
    fetched: [ColumnSchema], rowKey: [Int], steps: [TypedStep], processed: [ColumnSchema],
    aggregate: TypedAggregate?
  ) {
    self.fetched = fetched
    self.rowKey = rowKey
    self.steps = steps
    self.processed = processed
    self.aggregate = aggregate
  }
}
