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
  private let bounds: RunBounds
  private let known: KnownJobs
  /// Enters what has come due.
  package let entry: FireEntry

  /// - Parameters:
  ///   - known: the jobs that others may wait for.
  ///   - warn: is told what is wrong with the clocks, or the files, of those that look.
  package init(
    store: Store, project: Project, now: @escaping @Sendable () -> Instant, places: PoolPlaces = PoolPlaces(),
    known: KnownJobs = KnownJobs(), warn: @escaping @Sendable (Fault) -> Void = { _ in }
  ) {
    let store = store.hosted(by: now)
    self.known = known
    self.store = store
    self.project = project
    self.now = now
    bounds = RunBounds(store: store, project: project, places: places)
    entry = FireEntry(store: store, project: project.name, now: now, warn: warn)
  }

  /// The host's time.
  var moment: Instant { now() }

  /// The fire of a job that waits, and has waited longest.
  func oldestPending(_ job: ScheduledJob) async throws -> Instant? {
    try await store.openFires(project: project.name, job: job.id.job).pendingFires[job.id]?.lowerBound
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
    /// What of that a run of this process may bring about by its end; all else is for another process, or for time.
    package var awaits: Set<Awaited>

    /// How soon to look again at what waits for another process.
    static let patience = Duration.seconds(5)
  }

  /// Does all that is due for `job`, up to the next run.
  /// - Parameters:
  ///   - considered: all fires up to here are in the ledger, as far as the caller knows; is moved on.
  ///     `nil` for a job that the caller has not seen before.
  ///   - until: what comes due later is not entered.
  ///   - begun: the fire that the caller has a run for already, which may not have claimed it yet.
  ///   - view: what the caller has just read of the ledger; every write holds only where that is so still.
  /// - Throws: `Fault` of the state store.
  package func step(
    _ job: ScheduledJob, considered: inout Instant?, until: Instant? = nil, begun: FireKey? = nil,
    view: LedgerView? = nil
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
      var awaits: Set<Awaited> = []
      // Those whose run has failed and is to be tried again, but not now.
      var resting: Set<Instant> = []
      var isChanged = false
      for fire in current.openFires where fire.key.job == job.id.job && fire.key.matrixRow == job.id.row {
        if fire.key == begun {
          open.append(fire)
          continue
        }
        switch try await standing(of: fire, job, current.clocks) {
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
          let full = try await bounds.takePlaces(job)
          if full.isEmpty { return .run(order) }
          awaits.formUnion(full)
          open.append(fire)
        case .closed: isChanged = true
        }
      }
      if isChanged { continue }
      let rooms = open.isEmpty ? [:] : try await bounds.rooms(job)
      awaits.formUnion(rooms.filter { $0.value <= 0 }.keys)
      if !open.isEmpty { awaits.formUnion((job.ledger.after?.jobs ?? []).map(Awaited.upstream)) }
      let facts = try await facts(
        job, open: open, resting: resting, begun: begun, current, considered: considered, until: until,
        room: rooms.values.min())
      switch try await carryOut(job.ledger.actions(on: facts), job, open, current, &considered) {
      case .again: continue
      case .run(let order):
        let full = try await bounds.takePlaces(job)
        if full.isEmpty { return .run(order) }
        return .rest(Rest(until: nil, isWaiting: true, awaits: awaits.union(full)))
      case .rest(let wake):
        if let wake { wakes.append(wake) }
        return .rest(Rest(until: wakes.min(), isWaiting: !open.isEmpty, awaits: awaits))
      }
    }
  }

  /// A run that `step` gave has ended, however.
  package func finished(_ order: FireOrder) {
    bounds.giveBack(order.job)
  }

  /// What others may have waited for until a run of that job has ended.
  func changes(endOf job: ScheduledJob) -> Set<Awaited> {
    bounds.places(of: job).union([.upstream(job.id.job)])
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

  private func standing(
    of fire: FireRecord, _ job: ScheduledJob, _ clocks: ClockGap
  ) async throws -> Standing {
    guard fire.outcome == .claimed, let id = fire.run, let run = try await store.run(id) else {
      return .keeps
    }
    if run.state.isFinal {
      // Its owner died between the run's end and its fire's.
      let outcome: FireOutcome = run.state == .succeeded ? expected(fire, job, clocks) : .cancelled
      let closed = try await store.closeFires(
        coveredBy: id, as: outcome, clockParameters: job.clockParameters)
      return closed > 0 ? .closed : .keeps
    }
    switch try await store.hold(on: id) {
    case .lock: return .keeps
    // A dead owner's is taken over at its end, and not when somebody looks again.
    case .lease(let rest): return .waits(until: now().advanced(by: rest))
    case nil: break
    }
    // Whoever gives up its rest has asked its owner to leave it, and takes it now.
    if let asked = try await store.restRequest(for: run) {
      let until = clocks.host(asked.at).advanced(by: RunCancellation.patience)
      if until > now() { return .waits(until: until) }
    }
    // One that somebody wants ended is not waited for.
    if run.state == .failed, try await store.cancelRequest(for: id) == nil {
      let until = clocks.host(run.updatedAt).advanced(by: job.job.errors.rerunWait)
      if until > now() { return .rests(until: until) }
    }
    return .goesOn(
      FireOrder(
        job: job, fire: fire.key, interval: fire.interval, parameters: fire.parameters, leftBy: run,
        outcome: expected(fire, job, clocks)))
  }

  /// While it lasts nothing of the job is begun or gone on with, but for a run amid its publish.
  private func pause(of job: ScheduledJob, _ view: LedgerView) -> PauseRecord? {
    view.pauses[job.id.job].flatMap { $0.lasts(at: now()) ? $0 : nil }
  }

  private func expected(_ fire: FireRecord, _ job: ScheduledJob, _ clocks: ClockGap) -> FireOutcome {
    job.ledger.isCaughtUp(fire: fire.key.fire, enteredAt: clocks.host(fire.createdAt)) ? .caughtUp : .ran
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
    var result = Carried.rest(until: nil)
    for action in actions {
      switch action {
      case .recordFirstSighting:
        considered = try await entry.see(job)
        result = .again
      case .enter(let rows, let until):
        try await entry.enter(rows, until: until, job, after: considered)
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
            outcome: expected(record, job, view.clocks)))
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
    considered: Instant?, until: Instant?, room: Int?
  ) async throws -> FireFacts {
    let claimed = Set(open.compactMap(\.run))
    let isOtherRunning =
      if open.isEmpty { false } else {
        try await running(job, view).contains { !claimed.contains($0.id) }
      }
    let oldest = try await oldestGivenWay(job, open)
    let fires = open.map { fire in
      let first = oldest[fire.key.fire]
      return FireFacts.OpenFire(
        instant: fire.key.fire, interval: fire.interval,
        isClaimed: fire.outcome == .claimed || fire.key == begun,
        isResting: resting.contains(fire.key.fire), parameters: fire.parameters,
        enteredAt: view.clocks.host(fire.createdAt),
        waitsSince: first.map {
          job.ledger.couldRun($0.key.fire, enteredAt: view.clocks.host($0.createdAt))
        })
    }
    return FireFacts(
      now: now(), enteringUntil: until, lastConsidered: considered, open: fires,
      isOtherRunning: isOtherRunning, pause: view.pauses[job.id.job].map { .init(until: $0.until) },
      upstream: try await upstream(job, open), room: room)
  }

  /// Asked once, however many fires wait, and only where somebody counts from there.
  private func oldestGivenWay(
    _ job: ScheduledJob, _ open: [FireRecord]
  ) async throws -> [Instant: FireRecord] {
    guard job.ledger.countsFromGivenWay, open.contains(where: { $0.outcome == .pending }) else { return [:] }
    return try await store.oldestGivenWay(
      project: project.name, job: job.id.job, matrixRow: job.id.row)
  }

  /// The runs of the job that somebody works on now. A backfill does not disturb the schedule.
  private func running(_ job: ScheduledJob, _ view: LedgerView) async throws -> [RunRecord] {
    try await store.owned(
      view.runs.filter {
        $0.identity.job == job.id.job && $0.identity.matrixRow == job.id.row
          && $0.settings["started_by"]?.stringValue != RunRequest.Starter.backfill.rawValue
      })
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
}
