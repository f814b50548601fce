package import Model

/// One step of a run's state, with everything that is to be written together with it.
package struct RunMove: Sendable {
  package var to: RunState
  /// Goes to the audit trail.
  package var event: EventDraft
  /// Why, for a move to `failed`.
  package var fault: Fault?
  /// Go to the outbox.
  package var notices: [NoticeDraft]
  /// The run's whole record so far.
  package var receipt: JSONValue?
  /// Closes the fires that this run has claimed; an outcome that is written already stays.
  package var fireOutcome: FireOutcome?

  package init(
    to: RunState, event: EventDraft, fault: Fault? = nil, notices: [NoticeDraft] = [],
    receipt: JSONValue? = nil, fireOutcome: FireOutcome? = nil
  ) {
    self.to = to
    self.event = event
    self.fault = fault
    self.notices = notices
    self.receipt = receipt
    self.fireOutcome = fireOutcome
  }
}

/// One line for the audit trail.
package struct EventDraft: Sendable {
  package var name: String
  package var body: JSONValue

  package init(_ name: String, _ body: JSONValue = .object([])) {
    self.name = name
    self.body = body
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
