package import Model
internal import Timetable

/// Jobs whose ledger goes further than this host's clock: somebody has looked under a clock that was ahead. What is in
/// a ledger is not run a second time, so that nothing of theirs comes for a while.
package struct PutBackClock {
  package let fault: Fault

  /// - Parameter considered: how far each ledger goes.
  /// - Returns: `nil` where all is well; hosts whose clocks differ by less than a fire may be late do no harm.
  package init?(_ jobs: [ScheduledJob], considered: [ScheduledJob.ID: Instant], now: Instant) {
    let ahead = jobs.filter { job in
      considered[job.id].map { $0 > now.advanced(by: job.ledger.catchUp.punctuality) } ?? false
    }
    func end(_ job: ScheduledJob) -> Instant { considered[job.id] ?? now }
    guard let job = ahead.max(by: { (end($0), $1.id) < (end($1), $0.id) }) else { return nil }
    let others =
      switch ahead.count {
      case 1: ""
      case 2: ", and so with another job"
      default: ", and so with \(ahead.count - 1) other jobs"
      }
    // An interval that has begun was made ahead of its end.
    let calendar = job.ledger.intervals
    let open = calendar.fires.next(after: now).flatMap { calendar.interval(atFire: $0.instant) }
    let (from, to) = (job.text(of: min(open?.start ?? now, now)), job.text(of: end(job)))
    fault = Fault(
      "clock_put_back", .conflict,
      "The ledger of \(job.id) goes to \(to), which is still to come: no fire comes before\(others)",
      cause: "The clock was put back, or that of another host is ahead, and nothing is run a second time",
      hint:
        "Compare the clocks; once that time has come, `tidemark backfill '\(job.id)' --only all --from \(from) --to \(to)` makes again what was made ahead of its time"
    )
  }
}
