package import Model

/// The rows of a target table that one run has published, as SQL that reads them as texts, and the same
/// texts of a SELECT that is to give them.
package struct PublishedRows: Sendable {
  private let target: TableTarget
  private let result: [ColumnSchema]
  private let facts: TableFacts
  private let run: RunID

  package init(target: TableTarget, result: [ColumnSchema], facts: TableFacts, run: RunID) {
    self.target = target
    self.result = result
    self.facts = facts
    self.run = run
  }

  /// Under `merge` all rows in scope: the run's own cannot be told from others.
  package func select(limit: Int) -> SQLText {
    let statements = PublishStatements(target: target, result: result, columns: facts.columns)
    let texts: [SQLText] = result.map { "\(Identifier($0.name))::text" }
    return """
      SELECT \(texts) FROM \(target.table) WHERE \(statements.condition(statements.published(by: run))) \
      LIMIT \(limit)
      """
  }

  /// - Parameter select: has columns `o0`, `o1`, ... in the result's order. They are cast to the
  ///   result's types, and then as publishing assigns them to the table's.
  package func expected(_ select: SQLText, limit: Int) -> SQLText {
    let texts: [SQLText] = result.enumerated().map { number, column in
      let own: SQLText = "o\(number)::\(type: column.type)"
      guard let target = facts.columns.first(where: { $0.name == column.name }) else {
        return "(\(own))::text"
      }
      return "(\(own)::\(target.storedType))::text"
    }
    return "SELECT \(texts) FROM (\(select)) AS result LIMIT \(limit)"
  }
}
