package import Model
package import StateStore

/// Whether and when a failed run is started again without anybody asking: `errors.rerun`, carried out by the schedule
/// for a run whose fire is still open, and by a caller that waits.
package enum RerunRule {
  /// Whether attempts are left to a run that is failing now.
  static func allowsAnother(_ run: RunRecord, _ rules: ErrorRules) -> Bool {
    run.failures < rules.rerunAttempts
  }

  /// The runs of a project that the schedule starts again: those with an open fire.
  package static func scheduled(
    project: String, job: JobName? = nil, _ store: Store
  ) async throws -> Set<RunID> {
    Set(try await store.openFires(project: project, job: job).compactMap(\.run))
  }

  /// - Returns: the moment by the state's clock, which may have passed; `nil` where the run has not failed, or has used
  ///   its attempts up.
  package static func moment(for run: RunRecord, _ rules: ErrorRules) -> Instant? {
    guard run.state == .failed, run.failures <= rules.rerunAttempts else { return nil }
    return run.updatedAt.advanced(by: rules.rerunWait)
  }
}
