internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import StateStore

/// Which failed runs are tried again by themselves, and when: those whose fire is still theirs.
struct RetryTimes {
  private var waits: [RunID: (at: Instant, zone: ZoneRules?)] = [:]
  /// By the state's clock, as the runs' times are.
  private let now: Instant

  init(_ context: ProjectContext, _ store: Store) async throws {
    now = try await store.now()
    let scheduled = try await RerunRule.scheduled(project: context.project.name, store)
    if scheduled.isEmpty { return }
    let jobs = try context.jobs().readings.map(\.job)
    for id in scheduled {
      guard let run = try await store.run(id), run.state == .failed,
        let job = jobs.first(where: { $0.name == run.identity.job })
      else { continue }
      waits[id] = (
        run.updatedAt.advanced(by: job.errors.rerunWait),
        try job.timezone.literal.map { try ZoneFiles.system.rules(named: $0) }
      )
    }
  }

  /// `at 03:12`, by the job's clock; `nil` for a run that nobody tries again.
  func text(_ run: RunID) -> String? {
    guard let wait = waits[run] else { return nil }
    if wait.at <= now { return "with the next tick" }
    let (day, time) = RetryTimes.local(wait.at, wait.zone)
    return "at " + (day == RetryTimes.local(now, wait.zone).day ? time : "\(day) \(time)")
  }

  private static func local(_ instant: Instant, _ zone: ZoneRules?) -> (day: String, time: String) {
    let moment = Timestamp(microseconds: instant.postgresMicroseconds)
    let offset = Int64(zone?.offset(at: moment) ?? 0)
    let parts = Timestamp(microseconds: moment.microseconds + offset * 1_000_000).description
      .split(separator: " ")
    return (String(parts.first ?? ""), String(parts.last?.prefix(5) ?? "") + (zone == nil ? " UTC" : ""))
  }
}
