package import Model

/// A typed pipeline and the columns of its result.
package struct CheckedPipeline: Hashable, Sendable {
  package var pipeline: TypedPipeline
  /// The result's columns: the aggregate's outputs, or the processed rows' where there is none.
  package var result: [ColumnSchema]

  package init(pipeline: TypedPipeline, result: [ColumnSchema]) {
    self.pipeline = pipeline
    self.result = result
  }
}

/// The columns that a `lookup` step brings: the key in the order of its `match`, the payload in
/// the order of its `take`.
package struct LookupSchema: Hashable, Sendable {
  package var key: [ColumnSchema]
  package var payload: [ColumnSchema]

  package init(key: [ColumnSchema], payload: [ColumnSchema]) {
    self.key = key
    self.payload = payload
  }
}
