internal import Model
internal import StateStore
internal import Timetable

/// Joins the intervals of a job's next fires to those that its ledger has, under `span: fire`.
///
/// An interval begins there with the fire before. That may be one of a schedule that the job no longer has: by the
/// present schedule alone an edit would leave a hole behind it, or have data made twice.
struct LedgerSeam: Sendable {
  let store: Store
  let project: String

  /// What fires that have come due behind `considered` are to be entered with, in order of time.
  /// - Parameters:
  ///   - due: for the intervals by the schedule that makes them due.
  ///   - calendar: of that schedule.
  ///   - last: what the fire before them is for, where that is not in the ledger yet.
  ///   - turn: for fires that are owed by a schedule which the job no longer has.
  /// - Throws: `Fault` of the state store.
  func joined<Due: DueInterval>(
    _ due: [Due], by calendar: IntervalCalendar, _ job: ScheduledJob.ID, after considered: Instant,
    last: TimeRange? = nil, turn: ClockTurn? = nil
  ) async throws -> [Due] {
    guard let first = due.first else { return due }
    var due = due
    due[0].interval = try await interval(of: first, calendar, job, after: considered, last: last)
    if let turn {
      for index in due.indices {
        due[index].interval = turn.interval(due[index].interval, owedAt: due[index].moment)
      }
    }
    return due
  }

  /// Of the first of them.
  private func interval(
    of first: some DueInterval, _ calendar: IntervalCalendar, _ job: ScheduledJob.ID,
    after considered: Instant, last: TimeRange?
  ) async throws -> TimeRange? {
    // Where a schedule goes on as it was, its fire before is the last that has been entered.
    guard calendar.rule.span == .fire, calendar.fires.previous(before: first.moment)?.instant != considered
    else { return first.interval }
    var last = last
    if last == nil {
      last = try await store.newestOfClock(
        project: project, job: job.job, matrixRow: job.row, before: first.moment)?.interval
    }
    return last.flatMap { calendar.interval(from: $0.end, toFire: first.moment) } ?? first.interval
  }
}

/// A fire that is due, with what it is for.
protocol DueInterval {
  var moment: Instant { get }
  var interval: TimeRange? { get set }
}

extension FireAction.Row: DueInterval {
  var moment: Instant { fire }
}

extension FireDecision: DueInterval {
  var moment: Instant { fire.instant }
}
