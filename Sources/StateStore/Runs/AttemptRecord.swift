package import Model

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
