package import Model

/// A job that shall not fire for a while.
package struct PauseRecord: Hashable, Sendable {
  package var project: String
  package var job: JobName
  package var pausedAt: Instant
  /// `nil`: until somebody unpauses it.
  package var until: Instant?
  package var reason: String
  package var by: String

  /// Whether it holds the job back at that moment.
  package func lasts(at moment: Instant) -> Bool { until.map { moment < $0 } ?? true }

  init(_ row: StateRow) throws(Fault) {
    project = try row.text("project")
    job = JobName(try row.text("job"))
    pausedAt = try row.instant("paused_at")
    until = try row.ifPresent("until_at") { row, name throws(Fault) in try row.instant(name) }
    reason = try row.text("reason")
    by = try row.text("paused_by")
  }
}
