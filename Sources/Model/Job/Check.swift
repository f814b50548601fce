/// One item of `checks:`, judged on the result before anything is published.
package struct Check: Hashable, Sendable {
  package var name: String
  package var condition: Condition
  package var severity: Severity
  package var place: Place

  /// What a check asks of the result.
  package enum Condition: Hashable, Sendable {
    /// One expression over the whole result, with aggregates: `count(*) > 0`.
    case expect(SourceText)
    /// Must be true for every result row.
    case every(SourceText)
    /// No two result rows share these columns.
    case unique([String])
  }

  /// Whether a check that fails is told, or fails the run.
  package enum Severity: String, Hashable, Sendable, CaseIterable { case warn, error }

  package init(name: String, condition: Condition, severity: Severity, place: Place) {
    self.name = name
    self.condition = condition
    self.severity = severity
    self.place = place
  }
}
