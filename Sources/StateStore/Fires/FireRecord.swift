package import Model

/// Names one nominal time of one job's (or matrix row's) schedule.
package struct FireKey: Hashable, Sendable {
  package var project: String
  package var job: JobName
  /// Empty where the job has no matrix.
  package var matrixRow: String
  package var fire: Instant

  package init(project: String, job: JobName, matrixRow: String = "", fire: Instant) {
    self.project = project
    self.job = job
    self.matrixRow = matrixRow
    self.fire = fire
  }

  var values: [StateValue] {
    [.text(project), .text(job.text), .text(matrixRow), .instant(fire)]
  }
}

/// One line of the fire ledger.
package struct FireRecord: Sendable {
  package var key: FireKey
  /// What the fire's run is for; `nil` for jobs without interval.
  package var interval: TimeRange?
  package var outcome: FireOutcome
  /// The run that claimed it, the newest if it was superseded.
  package var run: RunID?
  /// One sentence for people, for instance which upstream failed.
  package var note: String?
  /// What a trigger gave for parameters; `nil` for a fire of the clock.
  package var parameters: [String: String]?
  package var createdAt: Instant
  package var closedAt: Instant?

  init(_ row: StateRow) throws(Fault) {
    key = FireKey(
      project: try row.text("project"), job: JobName(try row.text("job")),
      matrixRow: try row.text("matrix_row"), fire: try row.instant("fire"))
    interval = try TimeRange.read(row)
    outcome = try row.label("outcome", FireOutcome.self)
    run = try row.ifPresent("run_id") { row, name throws(Fault) in RunID(try row.text(name)) }
    note = try row.ifPresent("note") { row, name throws(Fault) in try row.text(name) }
    parameters = try row.ifPresent("parameters") { row, name throws(Fault) in
      try row.json(name).textMembers
    }
    createdAt = try row.instant("created_at")
    closedAt = try row.ifPresent("closed_at") { row, name throws(Fault) in try row.instant(name) }
  }
}

/// A fire to enter into the ledger: due, or settled already (a fire outside the catch-up window).
package struct NewFire: Sendable {
  package var key: FireKey
  package var interval: TimeRange?
  package var outcome: FireOutcome
  package var note: String?
  /// What a trigger gives for parameters; `nil` for a fire of the clock.
  package var parameters: [String: String]?

  package init(
    key: FireKey, interval: TimeRange?, outcome: FireOutcome = .pending, note: String? = nil,
    parameters: [String: String]? = nil
  ) {
    self.key = key
    self.interval = interval
    self.outcome = outcome
    self.note = note
    self.parameters = parameters
  }
}

/// What has come due of one job, or of one row of its matrix.
package struct DueFireBatch: Sendable {
  package var project: String
  package var job: JobName
  package var matrixRow: String
  package var fires: [NewFire]
  /// Everything up to here is in the ledger with them.
  package var consideredUntil: Instant
  /// What makes the job due from there on; `nil` where that stays as it is.
  package var clock: JSONValue?

  package init(
    project: String, job: JobName, matrixRow: String, fires: [NewFire], consideredUntil: Instant,
    clock: JSONValue? = nil
  ) {
    self.project = project
    self.job = job
    self.matrixRow = matrixRow
    self.fires = fires
    self.consideredUntil = consideredUntil
    self.clock = clock
  }
}

/// What is known of a job's schedule as a whole.
package struct Sighting: Hashable, Sendable {
  package var project: String
  package var job: JobName
  package var matrixRow: String
  /// Fires before this moment do not exist.
  package var firstSeen: Instant
  /// All fires up to this moment are in the ledger.
  package var lastConsidered: Instant
  /// What made the job due up to then, in the scheduler's words; `nil` where an older Tidemark has written this.
  package var clock: JSONValue?

  init(_ row: StateRow) throws(Fault) {
    project = try row.text("project")
    job = JobName(try row.text("job"))
    matrixRow = try row.text("matrix_row")
    firstSeen = try row.instant("first_seen")
    lastConsidered = try row.instant("last_considered")
    clock = try row.ifPresent("clock") { row, name throws(Fault) in try row.json(name) }
  }
}

extension JSONValue {
  /// The members of an object that are texts, by name.
  fileprivate var textMembers: [String: String] {
    guard case .object(let members) = self else { return [:] }
    return Dictionary(
      members.compactMap { member in member.value.stringValue.map { (member.name, $0) } },
      uniquingKeysWith: { $1 })
  }
}
