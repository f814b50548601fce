/// One entry of `connections:`.
package struct ConnectionRule: Hashable, Sendable {
  package var name: String
  /// Any libpq connection string, URI or `service=NAME`; may hold external references.
  package var url: Template
  package var maximumConnections: Int?
  package var searchPath: [String]
  /// Schema of the publication ledger, `tidemark` where left out.
  package var ledgerSchema: String
  /// True lets row security hide rows; otherwise hidden rows are an error.
  package var allowsRowSecurity: Bool
  package var place: Place

  package init(
    name: String, url: Template, maximumConnections: Int?, searchPath: [String],
    ledgerSchema: String, allowsRowSecurity: Bool, place: Place
  ) {
    self.name = name
    self.url = url
    self.maximumConnections = maximumConnections
    self.searchPath = searchPath
    self.ledgerSchema = ledgerSchema
    self.allowsRowSecurity = allowsRowSecurity
    self.place = place
  }
}

extension Fault {
  /// A run asks by one connection, holds its snapshot by another, and reads by at least one more.
  package static func tooFewConnections(_ maximum: Int, of rule: ConnectionRule) -> Fault {
    Fault(
      "too_few_connections", .config,
      "Connection `\(rule.name)` may have only \(maximum) at once; a run that reads by it needs 3",
      place: rule.place, hint: "Raise `max_connections`")
  }
}
