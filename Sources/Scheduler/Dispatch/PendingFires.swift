internal import Model
internal import StateStore

extension Sequence<FireRecord> {
  /// Of the fires that wait to be run, by job, the oldest and the newest.
  var pendingFires: [ScheduledJob.ID: ClosedRange<Instant>] {
    var found: [ScheduledJob.ID: ClosedRange<Instant>] = [:]
    for record in self where record.outcome == .pending {
      let id = ScheduledJob.ID(job: record.key.job, row: record.key.matrixRow)
      let fire = record.key.fire
      found[id] =
        found[id].map { Swift.min($0.lowerBound, fire)...Swift.max($0.upperBound, fire) } ?? fire...fire
    }
    return found
  }
}
