package import Model

/// A run as the store has it.
package struct RunRecord: Sendable {
  package var id: RunID
  package var identity: RunIdentity
  /// From 1; rises when a succeeded identity is run again.
  package var revision: Int
  package var replayOf: RunID?
  package var pool: String?
  package var state: RunState
  package var settings: JSONValue
  package var jobHash: String
  /// `nil` until the plan is saved.
  package var fingerprint: String?
  package var token: FencingToken
  /// Who claimed it last and has not released it; may be dead.
  package var owner: Owner?
  /// How often it moved to `failed`.
  package var failures: Int
  /// Why it failed last; stays when it is tried again.
  package var fault: Fault?
  package var cancel: CancelRequest?
  package var totals: RunTotals
  package var createdAt: Instant
  package var updatedAt: Instant
  /// When it reached a state that ends it.
  package var finishedAt: Instant?
}

/// Sums over a run's finished chunks.
package struct RunTotals: Hashable, Sendable {
  package var chunks: Int
  package var rows: RowCounts

  package init(chunks: Int, rows: RowCounts) {
    self.chunks = chunks
    self.rows = rows
  }
}

/// The process that may write for a run.
package struct Owner: Hashable, Sendable {
  package var host: String
  package var processID: Int32
  package var since: Instant

  package init(host: String, processID: Int32, since: Instant) {
    self.host = host
    self.processID = processID
    self.since = since
  }
}

/// Somebody asked for a run's end.
package struct CancelRequest: Hashable, Sendable {
  package var at: Instant
  package var by: String
  package var reason: String
}

extension RunRecord {
  /// It was begun before its interval had ended, and may lack a part of it.
  package var isEarly: Bool { identity.interval?.isBegunEarly(settings) ?? false }

  /// The setting of one that was begun early and has read all of its chunks once the interval had ended.
  static let readWhole = "read_whole"
}

extension TimeRange {
  /// Whether a run of it was begun before it had ended, by the clock of that run's host, and has read then.
  func isBegunEarly(_ settings: JSONValue) -> Bool {
    if settings[RunRecord.readWhole]?.boolValue == true { return false }
    return settings["fire_time"]?.intValue.map { $0 < end.microseconds } ?? false
  }
}

extension RunRecord {
  init(_ row: StateRow) throws(Fault) {
    id = RunID(try row.text("run_id"))
    identity = try RunIdentity(row)
    revision = try row.int("revision")
    replayOf = try row.ifPresent("replay_of") { row, name throws(Fault) in RunID(try row.text(name)) }
    pool = try row.ifPresent("pool") { row, name throws(Fault) in try row.text(name) }
    state = try row.label("state", RunState.self)
    settings = try row.json("settings")
    jobHash = try row.text("job_hash")
    fingerprint = try row.ifPresent("fingerprint") { row, name throws(Fault) in try row.text(name) }
    token = FencingToken(try row.integer("token"))
    owner = try row.ifPresent("owner_host") { row, name throws(Fault) in
      Owner(
        host: try row.text(name), processID: Int32(truncatingIfNeeded: try row.integer("owner_pid")),
        since: try row.instant("owner_since"))
    }
    failures = try row.int("failures")
    fault = try row.ifPresent("fault") { row, name throws(Fault) in try Fault(json: row.json(name)) }
    cancel = try row.ifPresent("cancel_at") { row, name throws(Fault) in
      CancelRequest(
        at: try row.instant(name), by: try row.text("cancel_by"), reason: try row.text("cancel_reason"))
    }
    totals = try RunTotals(row)
    createdAt = try row.instant("created_at")
    updatedAt = try row.instant("updated_at")
    finishedAt = try row.ifPresent("finished_at") { row, name throws(Fault) in try row.instant(name) }
  }
}

extension RunTotals {
  init(_ row: StateRow) throws(Fault) {
    self.init(chunks: try row.int("chunks"), rows: try RowCounts(row))
  }
}

extension RowCounts {
  init(_ row: StateRow) throws(Fault) {
    self.init()
    read = try row.integer("read_rows")
    kept = try row.integer("kept")
    filtered = try row.integer("filtered")
    quarantined = try row.integer("quarantined")
    dropped = try row.integer("dropped")
    bytes = try row.integer("read_bytes")
  }

  /// In the order of the columns in every statement.
  var values: [StateValue] {
    [read, kept, filtered, quarantined, dropped, bytes].map(StateValue.integer)
  }
}

extension RunIdentity {
  init(_ row: StateRow) throws(Fault) {
    self.init(
      project: try row.text("project"), job: JobName(try row.text("job")),
      matrixRow: try row.text("matrix_row"), interval: try TimeRange.read(row),
      parameters: Dictionary(
        try row.json("parameters").members.map { ($0.name, $0.value.stringValue ?? "") },
        uniquingKeysWith: { first, _ in first }),
      serial: try row.int("serial"))
  }
}

extension TimeRange {
  static func read(_ row: StateRow) throws(Fault) -> TimeRange? {
    try row.ifPresent("interval_start") { row, name throws(Fault) in
      TimeRange(start: try row.instant(name), end: try row.instant("interval_end"))
    }
  }
}
