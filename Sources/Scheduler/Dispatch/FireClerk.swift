internal import Engine
internal import Glibc
package import Model
package import StateStore
internal import Timetable

/// Keeps the ledger of each job up to date, and hands out the fires that are to be run.
///
/// Reads the facts, asks `FireLedger`, and writes what it decides until only a run is left to do, or
/// nothing. Any number of clerks may work on one store: every write is conditional.
package struct FireClerk: Sendable {
  private let store: Store
  private let project: Project
  private let now: @Sendable () -> Instant
  private let places: PoolPlaces

  package init(
    store: Store, project: Project, now: @escaping @Sendable () -> Instant, places: PoolPlaces = PoolPlaces()
  ) {
    self.store = store
    self.project = project
    self.now = now
    self.places = places
  }

  /// How far the ledger goes for each job that has ever been seen.
  package func considered() async throws -> [ScheduledJob.ID: Instant] {
    var considered: [ScheduledJob.ID: Instant] = [:]
    for sighting in try await store.sightings(project: project.name) {
      considered[.init(job: sighting.job, row: sighting.matrixRow)] = sighting.lastConsidered
    }
    return considered
  }

  /// The jobs with fires that have no outcome yet.
  package func openJobs() async throws -> Set<ScheduledJob.ID> {
    Set(
      try await store.openFires(project: project.name).map {
        ScheduledJob.ID(job: $0.key.job, row: $0.key.matrixRow)
      })
  }

  /// What is left to do for one job.
  package enum Step: Sendable {
    /// Run this, then ask again. Its pool's place is taken: `finished` gives it back.
    case run(FireOrder)
    case rest(Rest)
  }

  /// Nothing to do for the time being.
  package struct Rest: Hashable, Sendable {
    /// When the schedule itself calls for another look.
    package var until: Instant?
    /// A fire waits for something that may end any moment: a run, an upstream job, a pool.
    package var isWaiting: Bool
  }

  /// Does all that is due for `job`, up to the next run.
  /// - Parameter considered: all fires up to here are in the ledger, as far as the caller knows; is
  ///   moved on. `nil` for a job that the caller has not seen before.
  /// - Throws: `Fault` of the state store.
  package func step(_ job: ScheduledJob, considered: inout Instant?) async throws -> Step {
    while true {
      var open: [FireRecord] = []
      var wakes: [Instant] = []
      var isChanged = false
      for fire in try await store.openFires(project: project.name, job: job.id.job)
      where fire.key.matrixRow == job.id.row {
        switch try await standing(of: fire, job) {
        case .keeps: open.append(fire)
        case .waits(let until):
          open.append(fire)
          wakes.append(until)
        case .goesOn(let order):
          if try await takePlace(job) { return .run(order) }
          open.append(fire)
        case .closed: isChanged = true
        }
      }
      if isChanged { continue }
      let facts = try await facts(job, open: open, considered: considered)
      switch try await carryOut(job.ledger.actions(on: facts), job, open, &considered) {
      case .again: continue
      case .run(let order):
        if try await takePlace(job) { return .run(order) }
        return .rest(Rest(until: nil, isWaiting: true))
      case .rest(let wake):
        if let wake { wakes.append(wake) }
        return .rest(Rest(until: wakes.min(), isWaiting: !open.isEmpty))
      }
    }
  }

  /// A run that `step` gave has ended, however.
  package func finished(_ order: FireOrder) {
    if let pool = order.job.job.limits.pool, project.pools[pool] != nil { places.giveBack(pool) }
  }

  // MARK: Fires that are claimed already

  private enum Standing {
    case keeps
    case waits(until: Instant)
    case goesOn(FireOrder)
    case closed
  }

  private func standing(of fire: FireRecord, _ job: ScheduledJob) async throws -> Standing {
    guard fire.outcome == .claimed, let id = fire.run, let run = try await store.run(id) else {
      return .keeps
    }
    if run.state.isFinal {
      // Its owner died between the run's end and its fire's.
      let outcome: FireOutcome = run.state == .succeeded ? expected(fire, job) : .cancelled
      return try await store.closeFires(coveredBy: id, as: outcome) > 0 ? .closed : .keeps
    }
    if try await store.isOwned(id) { return .keeps }
    if run.state == .failed {
      let again = run.updatedAt.advanced(by: job.job.errors.rerunWait)
      if again > now() { return .waits(until: again) }
    }
    return .goesOn(
      FireOrder(
        job: job, fire: fire.key, interval: fire.interval, leftBy: run, outcome: expected(fire, job)))
  }

  private func expected(_ fire: FireRecord, _ job: ScheduledJob) -> FireOutcome {
    job.ledger.isCaughtUp(fire: fire.key.fire, enteredAt: fire.createdAt) ? .caughtUp : .ran
  }

  // MARK: Carrying out

  private enum Carried {
    case again
    case run(FireOrder)
    case rest(until: Instant?)
  }

  private func carryOut(
    _ actions: [FireAction], _ job: ScheduledJob, _ open: [FireRecord], _ considered: inout Instant?
  ) async throws -> Carried {
    let (name, row) = (job.id.job, job.id.row)
    var result = Carried.rest(until: nil)
    for action in actions {
      switch action {
      case .recordFirstSighting:
        considered = try await store.recordFirstSighting(
          project: project.name, job: name, matrixRow: row, at: now()
        ).lastConsidered
        result = .again
      case .enter(let rows, let until):
        let fires = rows.map {
          NewFire(key: key($0.fire, job), interval: $0.interval, outcome: $0.outcome, note: $0.note)
        }
        // Told before it is written: killed in between, it is told again under the same name.
        try await ScheduleNotices(store: store, job: job).missed(
          rows.filter { $0.outcome == .outsideWindow }.map(\.fire),
          reason: "nobody looked while they were due")
        try await store.insertFires(
          fires, project: project.name, job: name, matrixRow: row, consideredUntil: until)
        considered = max(considered ?? until, until)
        result = .again
      case .close(let fire, let outcome, let note):
        if outcome == .notReady || outcome == .upstreamFailed {
          try await ScheduleNotices(store: store, job: job).missed([fire], reason: note)
        }
        try await store.closeFire(key(fire, job), as: outcome, note: note)
        result = .again
      case .start(let fire):
        guard let record = open.first(where: { $0.key.fire == fire }) else { continue }
        return .run(
          FireOrder(job: job, fire: record.key, interval: record.interval, outcome: expected(record, job)))
      case .cancelRunning:
        for run in try await running(job) {
          _ = try await store.requestCancel(run.id, by: "schedule", reason: "a newer fire takes its place")
        }
      case .wake(let wake):
        if case .rest = result { result = .rest(until: wake) }
      }
    }
    return result
  }

  private func key(_ fire: Instant, _ job: ScheduledJob) -> FireKey {
    FireKey(project: project.name, job: job.id.job, matrixRow: job.id.row, fire: fire)
  }

  // MARK: Facts

  private func facts(
    _ job: ScheduledJob, open: [FireRecord], considered: Instant?
  ) async throws -> FireFacts {
    let now = now()
    let claimed = Set(open.compactMap(\.run))
    let pause = try await store.pauses(project: project.name).first { $0.job == job.id.job }
    return FireFacts(
      now: now, lastConsidered: considered,
      open: open.map {
        .init(
          instant: $0.key.fire, interval: $0.interval, isClaimed: $0.outcome == .claimed,
          enteredAt: $0.createdAt)
      },
      isOtherRunning: open.isEmpty
        ? false : try await running(job).contains { !claimed.contains($0.id) },
      pause: pause.map { .init(until: $0.until) },
      upstream: try await upstream(job, open),
      poolRoom: open.isEmpty ? nil : try await poolRoom(job))
  }

  /// The runs of the job that somebody works on now. A backfill does not disturb the schedule.
  private func running(_ job: ScheduledJob) async throws -> [RunRecord] {
    try await owned(
      RunFilter(project: project.name, job: job.id.job, matrixRow: job.id.row, isUnfinished: true)
    ).filter { $0.settings["started_by"]?.stringValue != RunRequest.Starter.backfill.rawValue }
  }

  private func owned(_ filter: RunFilter) async throws -> [RunRecord] {
    var owned: [RunRecord] = []
    for run in try await store.runs(filter) where try await store.isOwned(run.id) { owned.append(run) }
    return owned
  }

  private func upstream(
    _ job: ScheduledJob, _ open: [FireRecord]
  ) async throws -> [JobName: FireFacts.Upstream] {
    let intervals = open.compactMap(\.interval)
    guard let after = job.ledger.after, let start = intervals.map(\.start).min(),
      let end = intervals.map(\.end).max()
    else { return [:] }
    let reader = UpstreamReader(
      store: store, project: project.name, row: job.id.row, range: TimeRange(start: start, end: end))
    var upstream: [JobName: FireFacts.Upstream] = [:]
    for name in after.jobs { upstream[name] = try await reader.facts(of: name) }
    return upstream
  }

  // MARK: Pools

  private func pool(_ job: ScheduledJob) -> (name: String, size: Int)? {
    guard let name = job.job.limits.pool, let size = project.pools[name] else { return nil }
    return (name, size)
  }

  private func others(in pool: String) async throws -> Int {
    try await owned(RunFilter(project: project.name, pool: pool, isUnfinished: true))
      .filter { $0.owner?.processID != getpid() }.count
  }

  private func poolRoom(_ job: ScheduledJob) async throws -> Int? {
    guard let (name, size) = pool(job) else { return nil }
    return size - places.count(name) - (try await others(in: name))
  }

  private func takePlace(_ job: ScheduledJob) async throws -> Bool {
    guard let (name, size) = pool(job) else { return true }
    return places.take(name, size: size, others: try await others(in: name))
  }
}
