/// One `params:` entry.
package struct Parameter: Hashable, Sendable {
  package var name: String
  package var type: SQLType
  /// As text; read as `type` when the run's identity is made.
  package var defaultValue: String?
  package var description: String?
  package var place: Place

  package init(
    name: String, type: SQLType, defaultValue: String?, description: String?, place: Place
  ) {
    self.name = name
    self.type = type
    self.defaultValue = defaultValue
    self.description = description
    self.place = place
  }
}

/// The rows that a job is run for, one run each.
package enum Matrix: Hashable, Sendable {
  case rows([[String: String]], place: Place)
  case query(connection: String, sql: SourceText)
}
