internal import Engine
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
  private let known: KnownJobs

  /// - Parameter known: the jobs that others may wait for.
  package init(
    store: Store, project: Project, now: @escaping @Sendable () -> Instant, places: PoolPlaces = PoolPlaces(),
    known: KnownJobs = KnownJobs()
  ) {
    self.known = known
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

  /// The same, with these jobs seen now where they have not been seen before.
  package func considered(
    seeing jobs: [ScheduledJob.ID]
  ) async throws -> [ScheduledJob.ID: Instant] {
    let known = try await considered()
    let new = jobs.filter { known[$0] == nil }
    if new.isEmpty { return known }
    try await store.recordFirstSightings(
      project: project.name, new.map { ($0.job, $0.row) }, at: now())
    return try await considered()
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

  /// Enters what has come due of many jobs in few transactions, however many they are, so that those of
  /// one moment do not wait for each other.
  /// - Parameter considered: how far the ledger goes for each; is moved on.
  /// - Returns: what the ledger then holds, for the `step` of each.
  /// - Throws: `Fault` of the state store.
  package func enterDue(
    _ jobs: [ScheduledJob], considered: inout [ScheduledJob.ID: Instant]
  ) async throws -> LedgerView {
    let name = project.name
    let moment = now()
    let pauses = try await store.pauses(project: name)
    let untils = Dictionary(pauses.map { ($0.job, $0.until) }, uniquingKeysWith: { first, _ in first })
    var batches: [DueFireBatch] = []
    for job in jobs {
      let pause = untils[job.id.job].map { FireFacts.Pause(until: $0) }
      let facts = FireFacts(now: moment, lastConsidered: considered[job.id], pause: pause)
      // Fires that were missed are told of, job by job.
      guard case .enter(let rows, let until)? = job.ledger.entering(facts),
        !rows.contains(where: { $0.outcome == .outsideWindow })
      else { continue }
      batches.append(batch(rows, until, job))
    }
    for start in stride(from: 0, to: batches.count, by: FireLedger.batch) {
      let some = batches[start..<min(start + FireLedger.batch, batches.count)]
      try await store.insertFires(Array(some))
      for batch in some {
        let id = ScheduledJob.ID(job: batch.job, row: batch.matrixRow)
        considered[id] = max(considered[id] ?? batch.consideredUntil, batch.consideredUntil)
      }
    }
    let only = Set(jobs.map(\.id.job))
    return try await store.ledgerView(project: name, job: only.count == 1 ? only.first : nil)
  }

  private func batch(_ rows: [FireAction.Row], _ until: Instant, _ job: ScheduledJob) -> DueFireBatch {
    DueFireBatch(
      project: project.name, job: job.id.job, matrixRow: job.id.row,
      fires: rows.map {
        NewFire(key: key($0.fire, job), interval: $0.interval, outcome: $0.outcome, note: $0.note)
      }, consideredUntil: until)
  }

  /// Does all that is due for `job`, up to the next run.
  /// - Parameters:
  ///   - considered: all fires up to here are in the ledger, as far as the caller knows; is moved on.
  ///     `nil` for a job that the caller has not seen before.
  ///   - begun: the fire that the caller has a run for already, which may not have claimed it yet.
  ///   - view: what the caller has just read of the ledger; every write holds only where that is so still.
  /// - Throws: `Fault` of the state store.
  package func step(
    _ job: ScheduledJob, considered: inout Instant?, begun: FireKey? = nil, view: LedgerView? = nil
  ) async throws -> Step {
    var view = view
    while true {
      let current: LedgerView
      if let view, view.covers(job.id.job) {
        current = view
      } else {
        current = try await store.ledgerView(project: project.name, job: job.id.job)
      }
      view = nil
      var open: [FireRecord] = []
      var wakes: [Instant] = []
      // Those whose run has failed and is to be tried again, but not now.
      var resting: Set<Instant> = []
      var isChanged = false
      for fire in current.openFires where fire.key.job == job.id.job && fire.key.matrixRow == job.id.row {
        if fire.key == begun {
          open.append(fire)
          continue
        }
        switch try await standing(of: fire, job) {
        case .keeps: open.append(fire)
        case .waits(let until):
          open.append(fire)
          wakes.append(until)
        case .rests(let until):
          open.append(fire)
          wakes.append(until)
          resting.insert(fire.key.fire)
        case .goesOn(let order):
          if order.leftBy?.state == .failed {
            resting.insert(fire.key.fire)
            // A newer fire did not wait for it; now it waits for that one.
            if try await !running(job, current).isEmpty {
              open.append(fire)
              continue
            }
          }
          if let pause = pause(of: job, current), order.leftBy?.state != .publishing {
            open.append(fire)
            if let until = pause.until { wakes.append(until) }
            continue
          }
          if try await takePlace(job) { return .run(order) }
          open.append(fire)
        case .closed: isChanged = true
        }
      }
      if isChanged { continue }
      let facts = try await facts(
        job, open: open, resting: resting, begun: begun, current, considered: considered)
      switch try await carryOut(job.ledger.actions(on: facts), job, open, current, &considered) {
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
    places.giveBack(bounds(order.job).map(\.name))
  }

  // MARK: Fires that are claimed already

  private enum Standing {
    case keeps
    case waits(until: Instant)
    /// Its run has failed; nobody works on it until it is tried again.
    case rests(until: Instant)
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
      let closed = try await store.closeFires(
        coveredBy: id, as: outcome, clockParameters: job.job.defaultParameters)
      return closed > 0 ? .closed : .keeps
    }
    switch try await store.hold(on: id) {
    case .lock: return .keeps
    // A dead owner's is taken over at its end, and not when somebody looks again.
    case .lease(let rest): return .waits(until: now().advanced(by: rest))
    case nil: break
    }
    // One that somebody wants ended is not waited for.
    if run.state == .failed, try await store.cancelRequest(for: id) == nil {
      // By the clock that the failure is dated by.
      let rest = try await store.now().duration(to: run.updatedAt.advanced(by: job.job.errors.rerunWait))
      if rest > .zero { return .rests(until: now().advanced(by: rest)) }
    }
    return .goesOn(
      FireOrder(
        job: job, fire: fire.key, interval: fire.interval, parameters: fire.parameters, leftBy: run,
        outcome: expected(fire, job)))
  }

  /// While it lasts nothing of the job is begun or gone on with, but for a run amid its publish.
  private func pause(of job: ScheduledJob, _ view: LedgerView) -> PauseRecord? {
    view.pauses[job.id.job].flatMap { $0.lasts(at: now()) ? $0 : nil }
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
    _ actions: [FireAction], _ job: ScheduledJob, _ open: [FireRecord], _ view: LedgerView,
    _ considered: inout Instant?
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
        // Told before it is written: killed in between, it is told again under the same name.
        try await store.enqueue(
          ScheduleNotices(job: job).missed(
            rows.filter { $0.outcome == .outsideWindow }.map(\.fire),
            reason: "nobody looked while they were due"))
        try await store.insertFires([batch(rows, until, job)])
        considered = max(considered ?? until, until)
        result = .again
      case .close(let fire, let outcome, let note):
        let isMissed = outcome == .notReady || outcome == .upstreamFailed
        try await store.closeFire(
          key(fire, job), as: outcome, note: note,
          notices: isMissed ? ScheduleNotices(job: job).missed([fire], reason: note) : [])
        result = .again
      case .start(let fire):
        guard let record = open.first(where: { $0.key.fire == fire }) else { continue }
        return .run(
          FireOrder(
            job: job, fire: record.key, interval: record.interval, parameters: record.parameters,
            outcome: expected(record, job)))
      case .cancelRunning:
        for run in try await running(job, view) { _ = try await giveUp(run.id) }
        // Those that nobody works on end as soon as they are looked at again.
        for fire in open where fire.outcome == .claimed {
          guard let run = fire.run, try await store.run(run)?.state == .failed,
            try await store.cancelRequest(for: run) == nil, try await giveUp(run)
          else { continue }
          result = .again
        }
      case .wake(let wake):
        if case .rest = result { result = .rest(until: wake) }
      }
    }
    return result
  }

  /// - Returns: false where the run has published, and is only finished.
  private func giveUp(_ run: RunID) async throws -> Bool {
    _ = try await store.requestCancel(run, by: "schedule", reason: "a newer fire takes its place")
    return try await store.cancelRequest(for: run) != nil
  }

  private func key(_ fire: Instant, _ job: ScheduledJob) -> FireKey {
    FireKey(project: project.name, job: job.id.job, matrixRow: job.id.row, fire: fire)
  }

  // MARK: Facts

  private func facts(
    _ job: ScheduledJob, open: [FireRecord], resting: Set<Instant>, begun: FireKey?, _ view: LedgerView,
    considered: Instant?
  ) async throws -> FireFacts {
    let claimed = Set(open.compactMap(\.run))
    let isOtherRunning =
      if open.isEmpty { false } else {
        try await running(job, view).contains { !claimed.contains($0.id) }
      }
    return FireFacts(
      now: now(), lastConsidered: considered,
      open: open.map {
        .init(
          instant: $0.key.fire, interval: $0.interval,
          isClaimed: $0.outcome == .claimed || $0.key == begun, isResting: resting.contains($0.key.fire),
          parameters: $0.parameters, enteredAt: $0.createdAt)
      },
      isOtherRunning: isOtherRunning, pause: view.pauses[job.id.job].map { .init(until: $0.until) },
      upstream: try await upstream(job, open), room: open.isEmpty ? nil : try await room(job))
  }

  /// The runs of the job that somebody works on now. A backfill does not disturb the schedule.
  private func running(_ job: ScheduledJob, _ view: LedgerView) async throws -> [RunRecord] {
    try await owned(
      view.runs.filter {
        $0.identity.job == job.id.job && $0.identity.matrixRow == job.id.row
          && $0.settings["started_by"]?.stringValue != RunRequest.Starter.backfill.rawValue
      })
  }

  private func owned(_ runs: [RunRecord]) async throws -> [RunRecord] {
    var owned: [RunRecord] = []
    for run in runs where try await store.isOwned(run.id) { owned.append(run) }
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
      store: store, project: project.name, known: known, row: job.id.row,
      range: TimeRange(start: start, end: end))
    var upstream: [JobName: FireFacts.Upstream] = [:]
    for name in after.jobs { upstream[name] = try await reader.facts(of: name) }
    return upstream
  }

  // MARK: Places

  /// One of the numbers that a run counts for.
  private struct Bound {
    var name: String
    var size: Int
    /// The runs that it counts.
    var filter: RunFilter
  }

  private func bounds(_ job: ScheduledJob) -> [Bound] {
    var bounds: [Bound] = []
    if let size = project.maximumConcurrentRuns {
      bounds.append(
        Bound(name: "project", size: size, filter: RunFilter(project: project.name, isUnfinished: true)))
    }
    if let pool = job.job.limits.pool, let size = project.pools[pool] {
      bounds.append(
        Bound(
          name: "pool \(pool)", size: size,
          filter: RunFilter(project: project.name, pool: pool, isUnfinished: true)))
    }
    if let size = job.job.limits.maximumConcurrentRuns {
      bounds.append(
        Bound(
          name: "job \(job.id.job)", size: size,
          filter: RunFilter(project: project.name, job: job.id.job, isUnfinished: true)))
    }
    return bounds
  }

  /// How many runs of other processes a bound counts; this one's are counted by `places`.
  private func others(_ bound: Bound) async throws -> Int {
    try await owned(try await store.runs(bound.filter)).filter { $0.owner.map(store.isOurs) != true }.count
  }

  private func room(_ job: ScheduledJob) async throws -> Int? {
    var room: Int?
    for bound in bounds(job) {
      let own = bound.size - places.count(bound.name) - (try await others(bound))
      room = min(room ?? own, own)
    }
    return room
  }

  private func takePlace(_ job: ScheduledJob) async throws -> Bool {
    var wanted: [PoolPlaces.Wanted] = []
    for bound in bounds(job) {
      wanted.append(
        PoolPlaces.Wanted(name: bound.name, size: bound.size, others: try await others(bound)))
    }
    return places.take(wanted)
  }
}
