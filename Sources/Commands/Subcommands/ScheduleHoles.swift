internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore
internal import Timetable

/// What `status` says of the schedule: the intervals that no run has covered, and who is paused.
struct ScheduleHoles {
  private(set) var holes: [(hole: HoleFinder.Hole, label: String, isLookedAt: Bool)] = []
  private(set) var pauses: [PauseRecord] = []
  /// Files whose jobs could not be looked at; what is wrong with the clock.
  private(set) var faults: [Fault] = []

  /// At most so many holes of one job are listed.
  private static let shown = 10

  /// - Parameters:
  ///   - job: `nil` for all jobs.
  ///   - row: `nil` for all rows of its matrix.
  init(_ context: ProjectContext, _ store: Store, job: JobName?, row: String?) async throws {
    let project = context.project.name
    let now = SystemClock.now
    pauses = try await store.pauses(project: project).filter {
      (job == nil || $0.job == job) && $0.lasts(at: now)
    }
    let sightings = Dictionary(
      try await store.sightings(project: project).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first }
    )
    if sightings.isEmpty { return }
    let reading = try await ScheduleReading(context, punctuality: .seconds(60))
    faults = reading.faults
    let finder = HoleFinder(store: store, project: project, now: now)
    let meant = reading.scheduled.filter {
      (job == nil || $0.id.job == job) && (row == nil || $0.id.row == row)
    }
    if let clock = PutBackClock(meant, considered: sightings.mapValues(\.lastConsidered), now: now) {
      faults.append(clock.fault)
    }
    for scheduled in meant {
      guard let sighting = sightings[scheduled.id] else { continue }
      let calendar = scheduled.ledger.intervals
      holes += try await finder.holes(scheduled, firstSeen: sighting.firstSeen)
        .filter { $0.outcome?.isOpen != true }
        .map { hole in
          let fire = calendar.fires(making: hole.interval).last?.instant ?? hole.interval.end
          return (hole, calendar.label(of: hole.interval), fire <= sighting.lastConsidered)
        }
    }
  }

  var lines: [String] {
    var lines = pauses.map { "! " + PauseText($0).line }
    if holes.isEmpty { return lines }
    lines.append("Intervals without a success:")
    let byJob = Dictionary(grouping: holes, by: \.hole.job)
    for id in byJob.keys.sorted() {
      let own = byJob[id] ?? []
      for item in own.suffix(ScheduleHoles.shown) {
        lines.append("  \(id)  \(item.label)  \(ScheduleHoles.reason(item.hole, item.isLookedAt))")
      }
      if own.count > ScheduleHoles.shown {
        lines.append("  and \(own.count - ScheduleHoles.shown) older ones")
      }
      lines.append("    `tidemark backfill '\(id)' --only missing` makes them")
    }
    return lines
  }

  var members: [JSONValue.Member] {
    [
      .init(
        "holes",
        .array(
          holes.map { hole, label, _ in
            .object([
              .init("job", .string(hole.job.job.text)),
              .init("matrix_row", hole.job.row.isEmpty ? .null : .string(hole.job.row)),
              .init("interval", .string(label)), .init("interval_start", .string(hole.interval.start.text())),
              .init("interval_end", .string(hole.interval.end.text())),
              .init("outcome", .optional(hole.outcome?.rawValue)), .init("run", .optional(hole.run?.text)),
            ])
          })), .init("pauses", .array(pauses.map { .object(PauseText($0).members) })),
    ]
  }

  private static func reason(_ hole: HoleFinder.Hole, _ isLookedAt: Bool) -> String {
    hole.outcome?.rawValue
      ?? (isLookedAt ? "the ledger has no fire for it" : "no scheduler or tick has looked since")
  }
}
