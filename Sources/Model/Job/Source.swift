/// One entry of `source:`: which rows a job reads, and how they are cut into chunks.
package struct Source: Hashable, Sendable {
  /// What `source_name` holds for its rows; the connection's name where the file has none.
  package var name: String
  package var connection: Template
  package var relation: Relation
  package var addColumns: [NamedSQL]
  package var filter: SourceText?
  package var chunk: ChunkRule
  package var consistency: Consistency
  package var onResume: OnResume
  package var waitFor: WaitFor?
  package var sensitive: [String]
  package var place: Place

  /// What the rows are of.
  package enum Relation: Hashable, Sendable {
    case table(Template)
    case query(SourceText)
  }

  /// An expression that Postgres computes, and the column that it becomes.
  package struct NamedSQL: Hashable, Sendable {
    package var name: String
    package var sql: SourceText

    package init(name: String, sql: SourceText) {
      self.name = name
      self.sql = sql
    }
  }

  /// What is read at one moment: all chunks, or each by itself.
  package enum Consistency: String, Hashable, Sendable, CaseIterable { case snapshot, chunk }

  /// Whether finished chunks of a run that is gone on with count: where they are proved unchanged, always, never.
  package enum OnResume: String, Hashable, Sendable, CaseIterable { case auto, keep, recompute }

  /// What must have come to pass at the source before it is read: a standby has replayed up to a moment, or a query
  /// answers true.
  package enum WaitFor: Hashable, Sendable {
    case replayedTo(Template, within: Duration)
    case query(SourceText, within: Duration)
  }

  package init(
    name: String, connection: Template, relation: Relation, addColumns: [NamedSQL],
    filter: SourceText?, chunk: ChunkRule, consistency: Consistency, onResume: OnResume,
    waitFor: WaitFor?, sensitive: [String], place: Place
  ) {
    self.name = name
    self.connection = connection
    self.relation = relation
    self.addColumns = addColumns
    self.filter = filter
    self.chunk = chunk
    self.consistency = consistency
    self.onResume = onResume
    self.waitFor = waitFor
    self.sensitive = sensitive
    self.place = place
  }
}
