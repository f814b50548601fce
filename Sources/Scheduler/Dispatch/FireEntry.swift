package import Model
package import StateStore
internal import Timetable

/// Enters what has come due of jobs into their ledgers, and knows how far these go.
package struct FireEntry: Sendable {
  private let store: Store
  private let project: String
  private let now: @Sendable () -> Instant
  private let warn: @Sendable (Fault) -> Void

  /// - Parameter warn: is told what is wrong with the clocks, or the files, of those that look.
  init(
    store: Store, project: String, now: @escaping @Sendable () -> Instant,
    warn: @escaping @Sendable (Fault) -> Void
  ) {
    self.store = store
    self.project = project
    self.now = now
    self.warn = warn
  }

  /// How far the ledger goes for each of these jobs. One that has not been seen before is seen now, and what the
  /// schedule owed that a job had before is entered.
  /// - Throws: `Fault` of the state store.
  package func considered(seeing jobs: [ScheduledJob]) async throws -> [ScheduledJob.ID: Instant] {
    let known = try await store.sightings(project: project)
    try await tellOfRenamedRows(RenamedRows.find(jobs, known))
    var sightings = byJob(known)
    let new = jobs.filter { sightings[$0.id] == nil }
    if !new.isEmpty {
      try await store.recordFirstSightings(
        project: project, new.map { ($0.id.job, $0.id.row, $0.clock) }, at: now())
      sightings = byJob(try await store.sightings(project: project))
    }
    var considered = sightings.mapValues(\.lastConsidered)
    try await tellOfClock(jobs, considered)
    let changed = jobs.filter { sightings[$0.id]?.clock != $0.clock }
    if changed.isEmpty { return considered }
    try await tellOfChanges(changed, sightings)
    let moment = now()
    let pauses = try await pauses()
    var ends: [DueFireBatch] = []
    for job in changed {
      guard let sighting = sightings[job.id] else { continue }
      let turn = ClockTurn(job, sighting, now: moment)
      var end = sighting.lastConsidered
      while let owed = turn.owed,
        case .enter(let rows, let until)? = owed.entering(
          FireFacts(now: moment, lastConsidered: end, pause: pauses[job.id.job]))
      {
        let joined = try await seam.joined(
          rows, by: owed.intervals, job.id, after: end, turn: turn)
        try await enter(joined, until: until, job)
        end = until
      }
      end = max(end, turn.begins)
      considered[job.id] = end
      ends.append(
        DueFireBatch(
          project: project, job: job.id.job, matrixRow: job.id.row, fires: [], consideredUntil: end,
          clock: job.clock))
    }
    try await insert(ends)
    return considered
  }

  /// Where the ledgers of jobs go further than the clock: once, however many look. Told before it is written, as all
  /// that is here: killed in between, it is told again.
  func tellOfClock(_ jobs: [ScheduledJob], _ considered: [ScheduledJob.ID: Instant]) async throws {
    guard let clock = PutBackClock(jobs, considered: considered, now: now()) else { return }
    let name = clock.job.id.job
    let last = try await store.newestEvent(PutBackClock.event, project: project, job: name)
    if let last, clock.isTold(by: last.body) { return }
    warn(clock.fault)
    try await store.append(EventDraft(PutBackClock.event, clock.facts), project: project, job: name)
  }

  private func tellOfRenamedRows(_ suspects: [RenamedRows]) async throws {
    for rows in suspects {
      let last = try await store.newestEvent(RenamedRows.event, project: project, job: rows.name)
      guard let before = rows.before(last?.body) else { continue }
      warn(rows.fault(before: before))
      try await store.append(
        EventDraft(RenamedRows.event, rows.facts(before: before)), project: project, job: rows.name)
    }
  }

  /// - Parameter changed: those that the state has another schedule of.
  private func tellOfChanges(
    _ changed: [ScheduledJob], _ sightings: [ScheduledJob.ID: Sighting]
  ) async throws {
    var told: Set<JobName> = []
    for job in changed {
      // The rows of a matrix have their schedule from one file.
      guard let found = sightings[job.id]?.clock, told.insert(job.id.job).inserted else { continue }
      let before = try await store.noteScheduleChange(
        project: project, job: job.id.job, from: found, to: job.clock, within: ContestedSchedule.time)
      if let contested = ContestedSchedule(job, other: found, before: before, host: store.hostName) {
        warn(contested.fault)
      }
    }
  }

  private func byJob(_ sightings: [Sighting]) -> [ScheduledJob.ID: Sighting] {
    Dictionary(sightings.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
  }

  private func pauses() async throws -> [JobName: FireFacts.Pause] {
    Dictionary(
      try await store.pauses(project: project).map { ($0.job, FireFacts.Pause(until: $0.until)) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Remembers that a job is seen now, where it has not been seen before.
  /// - Returns: how far its ledger goes.
  func see(_ job: ScheduledJob) async throws -> Instant {
    try await store.recordFirstSighting(
      project: project, job: job.id.job, matrixRow: job.id.row, clock: job.clock, at: now()
    ).lastConsidered
  }

  /// Enters what has come due of many jobs in few transactions, however many they are, so that those of
  /// one moment do not wait for each other.
  /// - Parameter considered: how far the ledger goes for each; is moved on.
  /// - Returns: what the ledger then holds, for the `step` of each.
  /// - Throws: `Fault` of the state store.
  package func enterDue(
    _ jobs: [ScheduledJob], considered: inout [ScheduledJob.ID: Instant]
  ) async throws -> LedgerView {
    let moment = now()
    let pauses = try await pauses()
    var batches: [DueFireBatch] = []
    for job in jobs {
      let facts = FireFacts(now: moment, lastConsidered: considered[job.id], pause: pauses[job.id.job])
      // Fires that were missed are told of, job by job.
      guard case .enter(let rows, let until)? = job.ledger.entering(facts),
        !rows.contains(where: { $0.outcome == .outsideWindow })
      else { continue }
      let joined = try await join(rows, job, after: facts.lastConsidered)
      batches.append(batch(joined, until, job))
    }
    try await insert(batches)
    for batch in batches {
      let id = ScheduledJob.ID(job: batch.job, row: batch.matrixRow)
      considered[id] = max(considered[id] ?? batch.consideredUntil, batch.consideredUntil)
    }
    let only = Set(jobs.map(\.id.job))
    return try await store.ledgerView(project: project, job: only.count == 1 ? only.first : nil)
  }

  /// Enters what the job's schedule has made due after `considered`.
  func enter(
    _ rows: [FireAction.Row], until: Instant, _ job: ScheduledJob, after considered: Instant?
  ) async throws {
    try await enter(join(rows, job, after: considered), until: until, job)
  }

  /// Rows of the job's present schedule.
  private func join(
    _ rows: [FireAction.Row], _ job: ScheduledJob, after considered: Instant?
  ) async throws -> [FireAction.Row] {
    guard let considered else { return rows }
    return try await seam.joined(rows, by: job.ledger.intervals, job.id, after: considered)
  }

  private var seam: LedgerSeam { LedgerSeam(store: store, project: project) }

  /// Enters rows of one job, and tells of those that were missed.
  private func enter(_ rows: [FireAction.Row], until: Instant, _ job: ScheduledJob) async throws {
    // Told before it is written: killed in between, it is told again under the same name.
    try await store.enqueue(
      ScheduleNotices(job: job).missed(
        rows.filter { $0.outcome == .outsideWindow }.map(\.fire),
        reason: "nobody looked while they were due"))
    try await store.insertFires([batch(rows, until, job)])
  }

  private func insert(_ batches: [DueFireBatch]) async throws {
    for start in stride(from: 0, to: batches.count, by: FireLedger.batch) {
      try await store.insertFires(Array(batches[start..<min(start + FireLedger.batch, batches.count)]))
    }
  }

  private func batch(_ rows: [FireAction.Row], _ until: Instant, _ job: ScheduledJob) -> DueFireBatch {
    DueFireBatch(
      project: project, job: job.id.job, matrixRow: job.id.row,
      fires: rows.map {
        NewFire(
          key: FireKey(project: project, job: job.id.job, matrixRow: job.id.row, fire: $0.fire),
          interval: $0.interval, outcome: $0.outcome, note: $0.note)
      }, consideredUntil: until)
  }
}
