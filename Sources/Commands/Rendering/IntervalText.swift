internal import JobFiles
internal import Model
internal import Runtime
internal import StateStore
internal import Timetable

/// Intervals as their jobs name them: `2026-03-14` rather than two moments in UTC.
struct IntervalText {
  private var calendars: [JobName: IntervalCalendar] = [:]

  /// - Throws: `Fault` for a zone that the system does not know, or where the jobs' folder cannot be read.
  ///   Job files that have faults are left out: their intervals are told in UTC.
  init(_ context: ProjectContext) throws {
    for job in try context.jobs().readings.map(\.job) {
      // A zone that hangs on parameters is known only when a run begins.
      guard let zone = job.timezone.literal else { continue }
      let rules: FireRules = try job.schedule.map { try FireRules($0, job: job.name) } ?? FireRules([])
      calendars[job.name] = IntervalCalendar(
        rule: job.interval, fires: FireCalendar(rules, zone: try ZoneFiles.system.rules(named: zone)))
    }
  }

  /// The label, where it stands for exactly this interval: what `--for` takes.
  func label(_ identity: RunIdentity) -> String? {
    guard let interval = identity.interval, let calendar = calendars[identity.job], calendar.isWhole(interval)
    else { return nil }
    return calendar.label(of: interval)
  }

  /// The label, else both ends by the job's clock, else in UTC; `-` for a job without intervals.
  func text(_ identity: RunIdentity) -> String {
    guard let interval = identity.interval else { return "-" }
    if let label = label(identity) { return label }
    let zone = calendars[identity.job]?.zone
    return [interval.start, interval.end].map { $0.text(by: zone) }.joined(separator: " to ")
  }
}

extension Instant {
  /// RFC 3339 by a zone's clock, or in UTC.
  fileprivate func text(by zone: ZoneRules?) -> String {
    zone.map { text(in: $0) } ?? text()
  }
}
