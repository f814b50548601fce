package import Model
internal import StateStore
internal import Timetable

/// Jobs whose ledger goes further than this host's clock: somebody has looked under a clock that was ahead. What is in
/// a ledger is not run a second time, so that nothing of theirs comes for a while.
package struct PutBackClock {
  /// In the audit trail, and the fault's code.
  static let event = "clock_put_back"

  package let fault: Fault
  /// The one whose ledger goes furthest.
  let job: ScheduledJob
  /// How far that is.
  private let end: Instant
  private let now: Instant

  /// Hosts whose clocks differ by less do no harm.
  private static let tolerance = CatchUp.standardPunctuality
  /// How long somebody who was told is told no more: a host that stays behind meets another end with each look.
  private static let silence = Duration.seconds(24 * 3600)
  /// Beyond this the way out of it is told: nobody waits for years.
  private static let bearable = Duration.seconds(2 * 24 * 3600)
  /// At most so many other jobs are named.
  private static let named = 10

  /// - Parameter considered: how far each ledger goes.
  /// - Returns: `nil` where all is well.
  package init?(_ jobs: [ScheduledJob], considered: [ScheduledJob.ID: Instant], now: Instant) {
    let ahead = jobs.filter { job in
      considered[job.id].map { $0 > now.advanced(by: PutBackClock.tolerance) } ?? false
    }
    func end(_ job: ScheduledJob) -> Instant { considered[job.id] ?? now }
    guard let job = ahead.max(by: { (end($0), $1.id) < (end($1), $0.id) }) else { return nil }
    self.job = job
    self.end = end(job)
    self.now = now
    let others = ahead.filter { $0.id != job.id }.map(\.id).sorted().map(\.description)
    fault = Fault(
      PutBackClock.event, .conflict,
      "The ledger of \(job.id) goes to \(job.text(of: end(job))), which is still to come: no fire comes before"
        + PutBackClock.text(of: others),
      cause: "The clock was put back, or that of another host is ahead, and nothing is run a second time",
      hint: PutBackClock.hint(job, end: end(job), now: now))
  }

  private static func text(of others: [String]) -> String {
    if others.isEmpty { return "" }
    let rest = others.count - named
    return ", and so with " + others.prefix(named).joined(separator: ", ")
      + (rest > 0 ? " and \(rest) more" : "")
  }

  private static func hint(_ job: ScheduledJob, end: Instant, now: Instant) -> String {
    // An interval that has begun was made ahead of its end.
    let calendar = job.ledger.intervals
    let open = calendar.fires.next(after: now).flatMap { calendar.interval(atFire: $0.instant) }
    let (from, to) = (job.text(of: min(open?.start ?? now, now)), job.text(of: end))
    // The table holds a newer interval than those that are made again.
    let replaces = job.job.sinks.contains { sink in
      if case .table(let rule) = sink { rule.mode == .replace } else { false }
    }
    let force = replaces ? " --force" : ""
    var hint =
      "Compare the clocks; once that time has come, `tidemark backfill '\(job.id)' --only all --from \(from) --to \(to)\(force)` makes again what was made ahead of its time"
    if now.advanced(by: bearable) < end {
      hint += "; where that is too long to wait, give the job another name (`job:`): its ledger begins now"
    }
    return hint
  }

  /// For the audit trail.
  var facts: JSONValue {
    .object([.init("until", .integer(end.microseconds)), .init("seen", .integer(now.microseconds))])
  }

  /// Somebody was told of it already.
  /// - Parameter facts: of the last time that this job's ledger was met so.
  func isTold(by facts: JSONValue) -> Bool {
    guard let until = facts["until"]?.intValue, let seen = facts["seen"]?.intValue else { return false }
    let quiet = Instant(microseconds: Int64(seen)).advanced(by: PutBackClock.silence)
    return now < max(Instant(microseconds: Int64(until)), quiet)
  }
}
