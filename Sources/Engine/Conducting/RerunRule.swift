package import Model
package import StateStore

/// Whether and when a failed run is started again without anybody asking: `errors.rerun`.
package enum RerunRule {
  /// - Returns: the moment, which may have passed; `nil` where the run has not failed, or has used its
  ///   attempts up.
  package static func moment(for run: RunRecord, _ rules: ErrorRules) -> Instant? {
    guard run.state == .failed, run.failures <= rules.rerunAttempts else { return nil }
    return run.updatedAt.advanced(by: rules.rerunWait)
  }
}
