package import Model

/// A notice that a transaction decides on.
package struct NoticeDraft: Sendable {
  /// The idempotency key. Deciding the same notice again, after a crash, adds none.
  package var id: String
  package var run: RunID?
  package var project: String
  package var job: JobName
  package var event: NoticeEvent
  /// How to reach the channel when it is time to deliver: a notifier's name, or which `notify`
  /// item of the job. Never a secret.
  package var channel: String
  /// What the text will be made of.
  package var facts: JSONValue
  /// Notices of one digest are delivered together.
  package var digest: String?
  /// How long to collect before the first attempt.
  package var delay: Duration

  package init(
    id: String, run: RunID?, project: String, job: JobName, event: NoticeEvent, channel: String,
    facts: JSONValue, digest: String? = nil, delay: Duration = .zero
  ) {
    self.id = id
    self.run = run
    self.project = project
    self.job = job
    self.event = event
    self.channel = channel
    self.facts = facts
    self.digest = digest
    self.delay = delay
  }
}

/// A notice in the outbox.
package struct NoticeRecord: Sendable {
  package enum State: String, Hashable, Sendable, CaseIterable {
    case due, delivered
    case gaveUp = "gave_up"
    /// It gave up, and somebody has seen that.
    case dismissed
  }

  package var id: String
  package var run: RunID?
  package var project: String
  package var job: JobName
  package var event: NoticeEvent
  package var channel: String
  package var facts: JSONValue
  package var digest: String?
  package var state: State
  /// Attempts that were begun.
  package var attempts: Int
  package var nextAttempt: Instant
  package var lastFault: Fault?
  package var createdAt: Instant
  package var finishedAt: Instant?

  /// Those of a mail's recipients who do not have it; `nil` before any has.
  package var recipients: [String]? { facts[Self.left].map { $0.elements.compactMap(\.stringValue) } }

  /// The facts of the notice where it is left to those alone; `nil` where that does not change.
  func facts(for recipients: [String]?) -> JSONValue {
    guard let recipients else { return facts }
    let others = facts.members.filter { $0.name != Self.left }
    return .object(others + [.init(Self.left, .array(recipients.map(JSONValue.string)))])
  }

  private static let left = "left_recipients"

  init(_ row: StateRow) throws(Fault) {
    id = try row.text("notice_id")
    run = try row.ifPresent("run_id") { row, name throws(Fault) in RunID(try row.text(name)) }
    project = try row.text("project")
    job = JobName(try row.text("job"))
    event = try row.label("event", NoticeEvent.self)
    channel = try row.text("channel")
    facts = try row.json("facts")
    digest = try row.ifPresent("digest") { row, name throws(Fault) in try row.text(name) }
    state = try row.label("state", State.self)
    attempts = try row.int("attempts")
    nextAttempt = try row.instant("next_attempt")
    lastFault = try row.ifPresent("last_fault") { row, name throws(Fault) in
      Fault(json: try row.json(name))
    }
    createdAt = try row.instant("created_at")
    finishedAt = try row.ifPresent("finished_at") { row, name throws(Fault) in try row.instant(name) }
  }
}
