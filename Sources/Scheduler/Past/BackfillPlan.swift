package import Engine
package import Model
package import Runtime
package import StateStore
internal import Timetable

/// The intervals of the past that a backfill runs, of one job or one row of its matrix.
package struct BackfillPlan: Sendable {
  /// Which of the intervals in the range are meant.
  package enum Only: String, Hashable, Sendable, CaseIterable {
    /// Those without a success.
    case missing
    /// Those whose last run failed.
    case failed
    /// Every one; what has succeeded is made again, as a new revision.
    case all
  }

  package struct Item: Hashable, Sendable {
    package var interval: TimeRange
    package var label: String
    /// It has succeeded before.
    package var isAgain: Bool
  }

  package let id: ScheduledJob.ID
  package let items: [Item]
  private let request: RunRequest

  /// - Parameter range: intervals that begin in it; what has not ended by `now` is left out.
  /// - Throws: `Faults` of the job; `Fault` `no_interval` where it has none; of the state store.
  package init(
    _ request: RunRequest, row: String, range: Range<Instant>, only: Only, store: Store, now: Instant,
    zones: ZoneFiles
  ) async throws {
    let job = request.job
    id = ScheduledJob.ID(job: job.name, row: row)
    self.request = request
    let context = try RunContext(request, matrixRowName: row, now: now, zones: zones)
    let calendar = try BackfillPlan.calendar(job, context.zone)
    let past = calendar.intervals(beginningIn: range.clamped(to: Instant(microseconds: .min)..<now))
      .filter { $0.end <= now }
    let whole = TimeRange(
      start: past.first?.start ?? now, end: past.map(\.end).max() ?? now)
    let runs = OwnRuns(
      store: store, project: request.project.name, job: job.name, row: row,
      parameters: context.identity.parameters)
    let covered = TimeRange.merged(try await runs.succeeded(in: whole))
    let failed = Set(try await runs.failed().compactMap(\.identity.interval))
    items = past.flatMap { interval in
      let rest = calendar.open(interval, covered: covered)
      let meant: [TimeRange] =
        switch only {
        case .missing: rest
        case .failed: failed.contains(interval) ? [interval] : []
        case .all: [interval]
        }
      return meant.map { Item(interval: $0, label: calendar.label(of: $0), isAgain: rest.isEmpty) }
    }
  }

  /// Where the first interval begins that the schedule calls for once the job was seen: before that, as an interval ends
  /// before its fire.
  /// - Throws: `Fault` of the schedule; `no_interval` where the job has none.
  package static func beginning(
    of job: Job, firstSeen: Instant, now: Instant, zone: ZoneRules
  ) throws -> Instant {
    let first = Instant(microseconds: firstSeen.microseconds + 1)
    let fires = first..<max(first, Instant(microseconds: now.microseconds + 1))
    let interval = try calendar(job, zone).intervals(ofFiresIn: fires).first { _ in true }
    return min(interval?.start ?? firstSeen, firstSeen)
  }

  /// A job that nothing makes due has the pieces of its own calendar.
  private static func calendar(_ job: Job, _ zone: ZoneRules) throws -> IntervalCalendar {
    var rules = try job.schedule.map { try FireRules($0, job: job.name) } ?? FireRules([])
    if rules.rules.isEmpty {
      guard job.interval.span != .fire else {
        throw Fault(
          "no_interval", .usage,
          "Job \(job.name) has neither a schedule nor an interval: there is no past to fill",
          hint: "Give it `interval: {span: day}`")
      }
      let cron = job.interval.span == .hour ? "@hourly" : "@daily"
      rules = FireRules([
        .cron(try CronExpression(SourceText(cron, origin: "interval"), jobName: job.name.text))
      ])
    }
    return IntervalCalendar(rule: job.interval, fires: FireCalendar(rules, zone: zone))
  }

  /// What to ask of the engine for one of the items.
  package func request(for item: Item) -> RunRequest {
    var request = request
    request.choice = .range(item.interval)
    request.again = item.isAgain
    request.startedBy = .backfill
    return request
  }
}
