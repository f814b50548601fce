internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore
internal import Timetable

/// Intervals as their jobs name them: `2026-03-14` rather than two moments in UTC.
struct IntervalText {
  private var calendars: [Key: IntervalCalendar] = [:]
  /// Whose intervals these are.
  private(set) var jobs: [JobName] = []

  private struct Key: Hashable {
    var job: JobName
    /// `nil` where all rows of a matrix go by one clock.
    var row: String?
  }

  /// - Throws: `Fault` where the jobs' folder cannot be read. Job files that have faults, and rows of a matrix whose zone
  ///   the system does not know, are left out: their intervals are told in UTC.
  init(_ context: ProjectContext) throws {
    for job in try context.jobs().readings.map(\.job) {
      jobs.append(job.name)
      if let zone = job.timezone.literal {
        try add(Key(job: job.name), job, ZoneFiles.system.rules(named: zone))
      }
      for (row, name) in job.matrixZones {
        let zone: ZoneRules
        do {
          zone = try ZoneFiles.system.rules(named: name)
        } catch {
          continue
        }
        try add(Key(job: job.name, row: row), job, zone)
      }
    }
  }

  /// Rows whose zones come from a query, and jobs whose files cannot be read.
  mutating func add(_ known: [ScheduledJob]) {
    for job in known { calendars[Key(job: job.id.job, row: job.id.row)] = job.ledger.intervals }
  }

  private mutating func add(_ key: Key, _ job: Job, _ zone: ZoneRules) throws {
    let rules: FireRules = try job.schedule.map { try FireRules($0, job: job.name) } ?? FireRules([])
    calendars[key] = IntervalCalendar(rule: job.interval, fires: FireCalendar(rules, zone: zone))
  }

  private func calendar(_ identity: RunIdentity) -> IntervalCalendar? {
    calendars[Key(job: identity.job)] ?? calendars[Key(job: identity.job, row: identity.matrixRow)]
  }

  /// The label, where it stands for exactly this interval: what `--for` takes.
  func label(_ identity: RunIdentity) -> String? {
    guard let interval = identity.interval, let calendar = calendar(identity), calendar.isWhole(interval)
    else { return nil }
    return calendar.label(of: interval)
  }

  /// The label, else both ends by the job's clock, else in UTC; `-` for a job without intervals.
  func text(_ identity: RunIdentity) -> String {
    guard let interval = identity.interval else { return "-" }
    if let label = label(identity) { return label }
    let zone = calendar(identity)?.zone
    return [interval.start, interval.end].map { $0.text(by: zone) }.joined(separator: " to ")
  }
}

extension Instant {
  /// RFC 3339 by a zone's clock, or in UTC.
  fileprivate func text(by zone: ZoneRules?) -> String {
    zone.map { text(in: $0) } ?? text()
  }
}
