internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore
internal import Timetable

/// What `status` says of the schedule: the intervals that no run has covered, and who is paused.
struct ScheduleHoles {
  private(set) var holes: [(hole: HoleFinder.Hole, label: String, reason: String)] = []
  private(set) var pauses: [PauseRecord] = []
  /// Of files whose jobs could not be looked at.
  private(set) var faults: [Fault] = []
  /// What is wrong with the clock.
  private(set) var warnings: [Fault] = []
  /// Every row of the jobs that were looked at; of those whose files cannot be read as the state knows them.
  private(set) var known: [ScheduledJob] = []

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
    let seen = try await store.sightings(project: project)
    // Nobody asks the databases of matrices for nothing.
    if seen.isEmpty {
      let (readings, faults) = try context.jobs()
      take(faults, job, readings.map(\.job))
      return
    }
    let sightings = Dictionary(seen.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let reading = try await ScheduleReading(context, punctuality: .seconds(60))
    take(reading.faults, job, reading.jobs)
    known =
      try await reading.scheduled
      + SavedSchedules(context: context, store: store).jobs(seen, broken: reading.broken)
    let finder = HoleFinder(store: store, project: project, now: now)
    let meant = known.filter {
      (job == nil || $0.id.job == job) && (row == nil || $0.id.row == row)
    }
    if let clock = PutBackClock(meant, considered: sightings.mapValues(\.lastConsidered), now: now) {
      warnings.append(clock.fault)
    }
    for scheduled in meant {
      guard let sighting = sightings[scheduled.id] else { continue }
      let calendar = scheduled.ledger.intervals
      let keptSince = now.advanced(by: .zero - scheduled.job.retention.runs)
      holes += try await finder.holes(scheduled, firstSeen: sighting.firstSeen)
        .filter { $0.outcome?.isOpen != true }
        .map { hole in
          let fire = calendar.fires(making: hole.interval).last?.instant ?? hole.interval.end
          return (
            hole, calendar.label(of: hole.interval),
            hole.outcome?.rawValue
              ?? Self.reason(fire, lookedAt: sighting.lastConsidered, keptSince: keptSince)
          )
        }
    }
  }

  /// Of one job that can be read the other files' faults say nothing.
  private mutating func take(_ found: [Fault], _ name: JobName?, _ jobs: [Job]) {
    let own = name.flatMap { name in jobs.first { $0.name == name }?.file }
    faults = found.filter { own == nil || $0.place?.file == own }
  }

  /// How many files somebody has to look at, a line for each.
  var brokenLines: [String] {
    var byFile: [String: [Fault]] = [:]
    for fault in faults { byFile[fault.place?.file ?? "", default: []].append(fault) }
    return byFile.sorted { $0.key < $1.key }.map { file, faults in
      let more = faults.count > 1 ? " (and \(faults.count - 1) more)" : ""
      let name = file.isEmpty ? "A job" : file
      // It asks no database.
      let isInFile = faults.allSatisfy { [.validation, .config].contains($0.kind) }
      return "\(name) cannot be gone by: \(FaultText.oneLine(faults[0].sentence))\(more)"
        + (isInFile ? "; `tidemark validate` says all of it" : "")
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
        lines.append("  \(id)  \(item.label)  \(item.reason)")
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
      .init("faults", FaultReport.json(faults)),
      .init("warnings", FaultReport.json(warnings, severity: "warning")),
    ]
  }

  /// Why nothing is on record of the fire that would have made an interval.
  private static func reason(_ fire: Instant, lookedAt: Instant, keptSince: Instant) -> String {
    if fire > lookedAt { return "no scheduler or tick has looked since" }
    return fire < keptSince
      ? "what became of its fire is kept no longer" : "the ledger has no fire for it"
  }
}
