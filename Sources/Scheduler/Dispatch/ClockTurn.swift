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

  /// What a fire that was owed is for: under `span: fire` what it was for by then, so that each joins the one before it,
  /// otherwise the piece of the calendar that the job as it is now has for it.
  /// - Parameter interval: by the schedule that owed it.
  func interval(_ interval: TimeRange?, owedAt fire: Instant) -> TimeRange? {
    intervals.rule.span == .fire ? interval : intervals.interval(atFire: fire)
  }
}
