package import Engine
package import Model
package import StateStore
internal import Timetable

/// One fire that is to be run now.
package struct FireOrder: Sendable {
  package var job: ScheduledJob
  package var fire: FireKey
  package var interval: TimeRange?
  /// What a trigger gave; `nil` for a fire of the clock.
  package var parameters: [String: String]?
  /// The run that claimed the fire and was left unfinished; `nil` for a fire to claim.
  package var leftBy: RunRecord?
  /// What the ledger shall say after a success.
  package var outcome: FireOutcome

  package init(
    job: ScheduledJob, fire: FireKey, interval: TimeRange?, parameters: [String: String]? = nil,
    leftBy: RunRecord? = nil, outcome: FireOutcome
  ) {
    self.job = job
    self.fire = fire
    self.interval = interval
    self.parameters = parameters
    self.leftBy = leftBy
    self.outcome = outcome
  }

  /// What to ask of the engine.
  var request: RunRequest {
    var request = job.request
    request.choice = .fire(fire.fire, entered: interval)
    request.parameters.merge(parameters ?? [:]) { $1 }
    request.fire = leftBy == nil ? fire : nil
    request.fireOutcome = outcome
    request.pause = { [job, fire] in ScheduleNotices(job: job).pause(fire.fire, $0) }
    request.startedBy = .schedule
    request.finishBy = job.ledger.intervals.fires.fire(exactlyAt: fire.fire).flatMap(job.ledger.deadline)
    if let deadline = request.finishBy {
      request.lateNotices = ScheduleNotices(job: job).late(fire.fire, deadline: deadline)
    }
    return request
  }
}

/// What became of one fire that was run, or tried.
package struct FireReport: Sendable {
  package var job: ScheduledJob.ID
  package var fire: Instant
  package var interval: TimeRange?
  /// As the ledger has it now.
  package var outcome: FireOutcome
  package var run: RunID?
  package var summary: RunSummary?
  /// Why it did not succeed.
  package var fault: Fault?
  /// Set where it was one failure too many.
  package var pause: PauseRecord?

  /// It has no outcome yet: somebody else runs it, it was stopped, or it will be tried again.
  package var isOpen: Bool { outcome.isOpen }
}
