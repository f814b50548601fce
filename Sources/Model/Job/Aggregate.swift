/// `aggregate:`, how processed rows become groups.
package struct Aggregate: Hashable, Sendable {
  /// One byte tells grouping sets apart.
  package static let mostGroupingSets = 256

  /// A bare column is an entry whose expression is its name.
  package var groupBy: [Step.NamedExpression]
  /// Names of `groupBy`, per set; `nil` is the one set of them all. `rollup` and `cube` are
  /// spelled out here.
  package var groupingSets: [[String]]?
  package var measures: [Measure]
  package var having: SourceText?
  package var place: Place

  package struct Measure: Hashable, Sendable {
    package var name: String
    package var value: SourceText
    /// Declared result type, or `nil` for the expression's own.
    package var type: SQLType?
    package var description: String?

    package init(name: String, value: SourceText, type: SQLType?, description: String?) {
      self.name = name
      self.value = value
      self.type = type
      self.description = description
    }
  }

  package init(
    groupBy: [Step.NamedExpression], groupingSets: [[String]]?, measures: [Measure],
    having: SourceText?, place: Place
  ) {
    self.groupBy = groupBy
    self.groupingSets = groupingSets
    self.measures = measures
    self.having = having
    self.place = place
  }
}
