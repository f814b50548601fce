package import Engine
package import Model
internal import Runtime
package import StateStore
internal import Timetable

/// Enters what triggers have seen into the ledger: one fire an event, however often it is seen.
package struct TriggerClerk: Sendable {
  private let store: Store
  private let project: Project
  private let queries: ScheduleQueries
  private let now: @Sendable () -> Instant

  /// What commits late may carry an earlier time than what was seen before it.
  private static let overlap = Duration.seconds(3600)
  /// A file that was written this short a time ago may still be written to.
  private static let settling = Duration.seconds(1)

  package init(
    store: Store, project: Project, queries: ScheduleQueries, now: @escaping @Sendable () -> Instant
  ) {
    self.store = store
    self.project = project
    self.queries = queries
    self.now = now
  }

  package struct Look: Hashable, Sendable {
    /// How many fires are new.
    package var entered: Int
    /// When to look again at a file that may not be complete.
    package var again: Instant?
  }

  /// Looks at what the trigger of `job` can be asked about: its query, or its file. A channel without
  /// a query can only be listened to.
  /// - Throws: `Fault` of the state store, of the query or of the file.
  package func look(_ job: ScheduledJob) async throws -> Look {
    let firstSeen = try await store.recordFirstSighting(
      project: project.name, job: job.id.job, matrixRow: job.id.row, clock: job.clock, at: now()
    ).firstSeen
    switch job.trigger {
    case nil, .channel(_, _, missed: nil): return Look(entered: 0)
    case .channel(let connection, _, let missed?):
      let newest = try await store.newestTriggered(
        project: project.name, job: job.id.job, matrixRow: job.id.row)
      // An event whose time lies ahead must not hide those that come until then.
      let reached = newest.map { min($0, now()).advanced(by: .zero - TriggerClerk.overlap) }
      var since = max(firstSeen, reached ?? firstSeen)
      var entered = 0
      while true {
        let events = try await queries.events(of: job.job, connection: connection, missed, since: since)
        entered += try await enter(events, job)
        guard events.count >= ScheduleQueries.mostRows, let last = events.last?.at else { break }
        since = last
      }
      return Look(entered: entered)
    case .file(let path):
      let full = Path.joined(path, to: project.root)
      guard let times = try FileTimes(of: full) else { return Look(entered: 0) }
      let written = max(times.modified, times.changed)
      if written <= now(), written.advanced(by: TriggerClerk.settling) > now() {
        return Look(entered: 0, again: written.advanced(by: TriggerClerk.settling))
      }
      // A file that was moved here may be older than the job: it has changed its place since. A time that lies ahead of
      // the change was set by somebody, or by another clock, and is no time of an event, also once it has come.
      let isNew =
        firstSeen < times.modified
        && times.modified <= times.changed.advanced(by: TriggerClerk.settling)
      let at = isNew ? times.modified : times.changed
      guard at > firstSeen else { return Look(entered: 0) }
      return Look(entered: try await enter([TriggerEvent(at: at, parameters: [:])], job))
    }
  }

  /// Enters what was heard on a channel that nobody can be asked about.
  package func heard(_ payload: String, _ job: ScheduledJob) async throws {
    _ = try await store.recordFirstSighting(
      project: project.name, job: job.id.job, matrixRow: job.id.row, clock: job.clock, at: now())
    // Two that are heard in one instant are two.
    var event = TriggerEvent(at: now(), parameters: TriggerEvent.parameters(payload, of: job.job))
    while try await enter([event], job) == 0 {
      event.at = Instant(microseconds: event.at.microseconds + 1)
    }
  }

  func wait(until moment: Instant) -> Duration { now().duration(to: moment) }

  private func enter(_ events: [TriggerEvent], _ job: ScheduledJob) async throws -> Int {
    if events.isEmpty { return 0 }
    let isPaused = try await store.pauses(project: project.name).contains { pause in
      pause.job == job.id.job && pause.lasts(at: now())
    }
    let fires = events.map { event in
      NewFire(
        key: FireKey(project: project.name, job: job.id.job, matrixRow: job.id.row, fire: event.at),
        interval: interval(job, event.at), outcome: isPaused ? .paused : .pending,
        note: isPaused ? "came while the job was paused" : nil,
        parameters: job.parameterTexts(given: event.parameters))
    }
    return try await store.insertFires(
      fires, project: project.name, job: job.id.job, matrixRow: job.id.row,
      // The clock's own fires are settled up to where they were.
      consideredUntil: Instant(microseconds: 0))
  }

  private func interval(_ job: ScheduledJob, _ moment: Instant) -> TimeRange? {
    let hasNone = job.job.interval.span == .fire && job.job.schedule?.specs.isEmpty != false
    return hasNone ? nil : job.ledger.intervals.interval(atFire: moment)
  }
}
