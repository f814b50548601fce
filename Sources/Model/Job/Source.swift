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

  package enum Relation: Hashable, Sendable {
    case table(Template)
    case query(SourceText)
  }

  package struct NamedSQL: Hashable, Sendable {
    package var name: String
    package var sql: SourceText

    package init(name: String, sql: SourceText) {
      self.name = name
      self.sql = sql
    }
  }

  package enum Consistency: String, Hashable, Sendable, CaseIterable { case snapshot, chunk }
  package enum OnResume: String, Hashable, Sendable, CaseIterable { case auto, keep, recompute }

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
