package import Model

/// Which runs to list; `nil` and empty mean any.
package struct RunFilter: Sendable {
  package var project: String?
  package var job: JobName?
  package var matrixRow: String?
  package var pool: String?
  package var states: Set<RunState>
  /// Only runs that are not over.
  package var isUnfinished: Bool
  package var createdSince: Instant?
  package var limit: Int

  package init(
    project: String? = nil, job: JobName? = nil, matrixRow: String? = nil, pool: String? = nil,
    states: Set<RunState> = [], isUnfinished: Bool = false, createdSince: Instant? = nil,
    limit: Int = 1000
  ) {
    self.project = project
    self.job = job
    self.matrixRow = matrixRow
    self.pool = pool
    self.states = states
    self.isUnfinished = isUnfinished
    self.createdSince = createdSince
    self.limit = limit
  }

  var values: [StateValue] {
    let states = states.map(\.rawValue).sorted().joined(separator: ",")
    return [
      .optional(project), .optional(job?.text), .optional(matrixRow), .optional(pool),
      states.isEmpty ? .null : .text(",\(states),"), .integer(isUnfinished ? 1 : 0),
      .integer(createdSince?.microseconds ?? .min), .integer(limit),
    ]
  }
}

/// One owner's try at a run.
package struct AttemptRecord: Sendable {
  package var token: FencingToken
  package var owner: Owner
  /// `nil` while it goes on, or where the owner died.
  package var endedAt: Instant?
  package var endState: RunState?
  package var fault: Fault?

  init(_ row: StateRow) throws(Fault) {
    token = FencingToken(try row.integer("token"))
    owner = Owner(
      host: try row.text("host"), processID: Int32(truncatingIfNeeded: try row.integer("pid")),
      since: try row.instant("started_at"))
    endedAt = try row.ifPresent("ended_at") { row, name throws(Fault) in try row.instant(name) }
    endState = try row.ifPresent("end_state") { row, name throws(Fault) in
      try row.label(name, RunState.self)
    }
    fault = try row.ifPresent("fault") { row, name throws(Fault) in Fault(json: try row.json(name)) }
  }
}
