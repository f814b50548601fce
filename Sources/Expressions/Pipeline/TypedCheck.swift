package import Model

/// One item of `checks:`, typed over the result.
package struct TypedCheck: Hashable, Sendable {
  package var name: String
  package var condition: Condition
  package var severity: Check.Severity
  package var place: Place

  package enum Condition: Hashable, Sendable {
    /// An aggregate without keys over the result rows; its one output is boolean.
    case expect(TypedAggregate)
    /// Over one result row; every row for which it is not true breaks the check.
    case every(TypedExpression, source: SourceText)
    /// Numbers of result columns that no two rows may share; NULLs are equal here.
    case unique([Int])
  }

  package init(name: String, condition: Condition, severity: Check.Severity, place: Place) {
    self.name = name
    self.condition = condition
    self.severity = severity
    self.place = place
  }
}
