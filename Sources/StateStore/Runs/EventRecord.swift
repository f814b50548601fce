package import Model

/// One line for the audit trail.
package struct EventDraft: Sendable {
  package var name: String
  package var body: JSONValue

  package init(_ name: String, _ body: JSONValue = .object([])) {
    self.name = name
    self.body = body
  }

  package init(_ event: RunEvent) {
    self.init(event.name, .object(event.facts))
  }
}

/// A line of the audit trail.
package struct EventRecord: Sendable {
  /// A run's id, or `project/job`.
  package var subject: String
  /// From 1, without gaps within a subject.
  package var number: Int
  package var at: Instant
  package var name: String
  package var body: JSONValue

  init(_ row: StateRow) throws(Fault) {
    subject = try row.text("subject")
    number = try row.int("number")
    at = try row.instant("at")
    name = try row.text("name")
    body = try row.json("body")
  }
}
