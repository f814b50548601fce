/// What a notice is about, for the outbox and for whatever makes its text. Holds no row data and
/// no secret.
package struct NoticeFacts: Hashable, Sendable {
  package var event: NoticeEvent
  package var project: String
  package var job: String
  /// As in `tenant=acme`; `nil` for a job without matrix.
  package var matrixRow: String?
  package var run: String?
  /// The label of the interval.
  package var interval: String?
  package var revision: Int?
  package var rowsRead: Int64?
  package var rowsQuarantined: Int64?
  package var resultRows: Int64?
  package var milliseconds: Int64?
  /// The fault's code, sentence, cause and hint.
  package var code: String?
  package var fault: String?
  package var cause: String?
  package var hint: String?
  /// When the fire was due, for `missed` and `late`; RFC 3339.
  package var fire: String?
  /// When the run was to be finished, for `late`; RFC 3339.
  package var finishBy: String?
  /// Since when it had failed, for `recovery`; RFC 3339.
  package var failedSince: String?
  /// When it will be tried again by itself; RFC 3339. Without it somebody is needed.
  package var retryAt: String?
  /// The one safe command to run next.
  package var next: String?

  /// Whom it is about, as `JobName.subject`.
  package var subject: String { JobName(job).subject(row: matrixRow ?? "") }

  package init(event: NoticeEvent, project: String, job: String, matrixRow: String? = nil) {
    self.event = event
    self.project = project
    self.job = job
    self.matrixRow = matrixRow
  }

  private static let texts: [(String, any WritableKeyPath<NoticeFacts, String?> & Sendable)] = [
    ("matrix_row", \.matrixRow), ("run", \.run), ("interval", \.interval), ("code", \.code),
    ("fault", \.fault), ("cause", \.cause), ("hint", \.hint), ("fire", \.fire),
    ("finish_by", \.finishBy), ("failed_since", \.failedSince), ("retry_at", \.retryAt), ("next", \.next),
  ]

  private static let numbers: [(String, any WritableKeyPath<NoticeFacts, Int64?> & Sendable)] = [
    ("rows_read", \.rowsRead), ("rows_quarantined", \.rowsQuarantined),
    ("result_rows", \.resultRows), ("ms", \.milliseconds),
  ]

  /// Only members that are known.
  package var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("event", .string(event.rawValue)), .init("project", .string(project)),
      .init("job", .string(job)),
    ]
    for (name, path) in NoticeFacts.texts {
      if let text = self[keyPath: path] { members.append(.init(name, .string(text))) }
    }
    if let revision { members.append(.init("revision", .integer(revision))) }
    for (name, path) in NoticeFacts.numbers {
      if let number = self[keyPath: path] { members.append(.init(name, .integer(number))) }
    }
    return .object(members)
  }

  /// Reads what `json` wrote; members that it does not know are left aside, so that a run's whole
  /// summary may be given. What the outbox knows of itself stands in for what is missing.
  package init(_ json: JSONValue, event: NoticeEvent, project: String, job: String) {
    self.init(event: event, project: project, job: job)
    for (name, path) in NoticeFacts.texts { self[keyPath: path] = json[name]?.stringValue }
    revision = json["revision"]?.intValue
    for (name, path) in NoticeFacts.numbers {
      self[keyPath: path] = json[name]?.intValue.map { Int64($0) }
    }
  }
}
