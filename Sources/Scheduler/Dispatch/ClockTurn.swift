internal import Model
internal import StateStore
internal import Timetable

/// How a job goes over from what made it due as far as its ledger goes to what does now; see `KeptClock`.
struct ClockTurn {
  /// The ledger by what made it due before; `nil` where nothing has changed, or that is not known.
  let owed: FireLedger?
  /// From here on, and no sooner, the present schedule makes it due.
  let begins: Instant
  private let intervals: IntervalCalendar

  init(_ job: ScheduledJob, _ sighting: Sighting, now: Instant) {
    intervals = job.ledger.intervals
    guard let clock = sighting.clock, clock != job.clock else {
      // One that an older Tidemark has left is the present one, as far as anybody knows.
      owed = nil
      begins = sighting.lastConsidered
      return
    }
    owed = job.ledger(by: KeptClock(json: clock))
    // What is due within the jitter is due still.
    begins = max(sighting.lastConsidered, now.advanced(by: .zero - job.ledger.jitter))
  }

  /// What a fire that was owed is for, by the job as it is now: that is what its run will make.
  func asItIsNow(_ row: FireAction.Row) -> FireAction.Row {
    var row = row
    row.interval = intervals.interval(atFire: row.fire)
    return row
  }

  func asItIsNow(_ decision: FireDecision) -> FireDecision {
    var decision = decision
    decision.interval = intervals.interval(for: decision.fire)
    return decision
  }
}
