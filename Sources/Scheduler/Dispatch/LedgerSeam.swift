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

  /// - Parameters:
  ///   - interval: what the first fire behind `considered` is for, by the schedule that makes it due.
  ///   - calendar: of that schedule.
  ///   - last: what the fire before it is for, where that is not in the ledger yet.
  /// - Returns: what it is to be entered with.
  /// - Throws: `Fault` of the state store.
  func joined(
    _ interval: TimeRange?, of fire: Instant, _ calendar: IntervalCalendar, _ job: ScheduledJob.ID,
    after considered: Instant, last: TimeRange? = nil
  ) async throws -> TimeRange? {
    // Where a schedule goes on as it was, its fire before is the last that has been entered.
    guard calendar.rule.span == .fire, calendar.fires.previous(before: fire)?.instant != considered
    else { return interval }
    var last = last
    if last == nil {
      last = try await store.newestOfClock(
        project: project, job: job.job, matrixRow: job.row, before: fire)?.interval
    }
    return last.flatMap { calendar.interval(from: $0.end, toFire: fire) } ?? interval
  }
}
