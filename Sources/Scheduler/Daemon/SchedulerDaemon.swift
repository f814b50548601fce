package import Model
internal import StateStore
internal import Timetable

/// Runs every job when it is due, until it is told to stop.
///
/// Sleeps until the next fire, the end of a run or new job files, whichever comes first, and never
/// longer than `nap`, so that a clock that is set, or a machine that slept, is noticed. Only while
/// some fire waits for another process does it look every few seconds. Several may work on one
/// state store: each fire runs once, and what one leaves behind the others go on with.
package actor SchedulerDaemon {
  /// What a reload may replace.
  package struct Parts: Sendable {
    package var clerk: FireClerk
    package var execution: FireExecution

    package init(clerk: FireClerk, execution: FireExecution) {
      self.clerk = clerk
      self.execution = execution
    }
  }

  package enum Event: Sendable {
    case started(ScheduledJob.ID, fire: Instant)
    case ended(FireReport)
    /// The state store could not be asked; it will be again.
    case trouble(Fault)
  }

  /// One job, as long as it is there or runs.
  private final class Lane {
    var job: ScheduledJob
    var considered: Instant?
    var isBusy = false
    /// Something came while it was busy.
    var isNudged = false

    init(job: ScheduledJob, considered: Instant?) {
      self.job = job
      self.considered = considered
    }
  }

  private let now: @Sendable () -> Instant
  private let tell: @Sendable (Event) -> Void
  private let parallelism: Int
  private var parts: Parts
  private var lanes: [ScheduledJob.ID: Lane] = [:]
  private var agenda = Agenda()
  /// Those that wait for a run, an upstream job or a place.
  private var waiting: Set<ScheduledJob.ID> = []
  /// Jobs that are there no more, and still run.
  private var gone: Set<ScheduledJob.ID> = []
  private var runs: [ScheduledJob.ID: Task<Void, Never>] = [:]
  private var napping: Task<Void, any Error>?
  private var isWoken = false

  /// The longest sleep.
  package static let nap = Duration.seconds(30)
  /// How soon to look again at what waits for another process, or after trouble.
  private static let patience = Duration.seconds(5)

  package init(
    parts: Parts, parallelism: Int, now: @escaping @Sendable () -> Instant,
    tell: @escaping @Sendable (Event) -> Void
  ) {
    self.parts = parts
    self.parallelism = parallelism
    self.now = now
    self.tell = tell
  }

  // MARK: Jobs

  /// Takes these jobs in place of those so far. Runs that are going on end as they began.
  /// - Throws: `Fault` of the state store.
  package func update(_ jobs: [ScheduledJob], parts: Parts? = nil) async throws {
    if let parts { self.parts = parts }
    let considered = try await self.parts.clerk.considered(seeing: jobs.map(\.id))
    let open = try await self.parts.clerk.openJobs()
    let moment = now()
    var next: [ScheduledJob.ID: Lane] = [:]
    agenda = Agenda()
    for job in jobs {
      let lane = lanes[job.id] ?? Lane(job: job, considered: considered[job.id])
      lane.job = job
      next[job.id] = lane
      if lane.isBusy {
        lane.isNudged = true
      } else if let considered = lane.considered, !open.contains(job.id) {
        // Ten thousand jobs that only sleep are not each asked of the store.
        agenda.set(
          job.id,
          job.ledger.intervals.fires.next(after: considered)?.instant.advanced(by: job.ledger.jitter))
      } else {
        agenda.set(job.id, moment)
      }
    }
    // A run of a job whose file is gone still ends in its lane.
    for (id, lane) in lanes where lane.isBusy && next[id] == nil { next[id] = lane }
    gone = Set(next.keys).subtracting(jobs.map(\.id))
    lanes = next
    waiting.formIntersection(next.keys)
    wake()
  }

  /// Somebody has entered a fire of this job.
  package func nudge(_ id: ScheduledJob.ID) {
    guard let lane = lanes[id] else { return }
    if lane.isBusy {
      lane.isNudged = true
    } else {
      agenda.set(id, now())
      wake()
    }
  }

  /// The next time that a job is due by its schedule.
  package var nextFire: (job: ScheduledJob.ID, at: Instant)? {
    let moment = now()
    return lanes.values.compactMap { lane in
      lane.job.ledger.intervals.fires.next(after: moment).map { (lane.job.id, $0.instant) }
    }.min { $0.1 < $1.1 }
  }

  package var jobCount: Int { lanes.count }

  // MARK: The loop

  /// Goes on until the task is cancelled; then asks the runs that are going on to stop, and waits
  /// for them to save what they have.
  /// - Parameter beat: called at least every `nap`, after everything due has been started.
  package func run(nap: Duration = SchedulerDaemon.nap, beat: @Sendable () -> Void) async {
    while !Task.isCancelled {
      let next = await pass()
      beat()
      await sleep(min(nap, next.map { now().duration(to: $0) } ?? nap))
    }
    for run in runs.values { run.cancel() }
    for run in runs.values { await run.value }
  }

  /// Looks at every job that is due, and starts what is to be run: what has the highest priority
  /// first, then what has waited longest.
  /// - Returns: when to look again.
  package func pass() async -> Instant? {
    // What finds no free place is looked at when a run ends.
    guard runs.count < parallelism else { return nil }
    var due = agenda.takeDue(by: now()).compactMap { entry in
      lanes[entry.id].map { (id: entry.id, due: entry.due, priority: $0.job.job.limits.priority) }
    }
    due.sort { ($1.priority, $0.due, $0.id) < ($0.priority, $1.due, $1.id) }
    for (position, entry) in due.enumerated() {
      guard runs.count < parallelism else {
        for rest in due[position...] { agenda.set(rest.id, rest.due) }
        return nil
      }
      await look(at: entry.id)
    }
    return agenda.next()
  }

  private func look(at id: ScheduledJob.ID) async {
    guard let lane = lanes[id], !lane.isBusy else { return }
    lane.isBusy = true
    waiting.remove(id)
    let parts = parts
    var considered = lane.considered
    do {
      let step = try await parts.clerk.step(lane.job, considered: &considered)
      lane.considered = considered
      switch step {
      case .run(let order):
        tell(.started(id, fire: order.fire.fire))
        runs[id] = Task { await self.carryOut(order, lane, parts) }
      case .rest(let rest):
        let again = rest.isWaiting ? now().advanced(by: SchedulerDaemon.patience) : nil
        if rest.isWaiting { waiting.insert(id) }
        free(id, lane, due: [rest.until, again].compactMap { $0 }.min())
      }
    } catch {
      tell(.trouble(Fault(describing: error)))
      free(id, lane, due: now().advanced(by: SchedulerDaemon.patience))
    }
  }

  private func carryOut(_ order: FireOrder, _ lane: Lane, _ parts: Parts) async {
    let id = order.job.id
    var due = now()
    do {
      let report = try await parts.execution.carryOut(order)
      tell(.ended(report))
      if report.isOpen { due = now().advanced(by: SchedulerDaemon.patience) }
    } catch {
      tell(.trouble(Fault(describing: error)))
      due = now().advanced(by: SchedulerDaemon.patience)
    }
    parts.clerk.finished(order)
    runs[id] = nil
    free(id, lane, due: due)
    // Somebody may have waited for just this run.
    let moment = now()
    for id in waiting where lanes[id]?.isBusy == false { agenda.set(id, moment) }
    wake()
  }

  private func free(_ id: ScheduledJob.ID, _ lane: Lane, due: Instant?) {
    lane.isBusy = false
    if gone.remove(id) != nil {
      lanes[id] = nil
      waiting.remove(id)
      return
    }
    agenda.set(id, lane.isNudged ? now() : due)
    lane.isNudged = false
  }

  /// Waits until nothing runs. For tests.
  func idle() async {
    while let run = runs.values.first { await run.value }
  }

  // MARK: Sleeping

  private func wake() {
    isWoken = true
    napping?.cancel()
  }

  private func sleep(_ duration: Duration) async {
    if !isWoken, duration > .zero {
      let nap = Task { try await Task.sleep(for: duration) }
      napping = nap
      // How the nap ends, by its time or by being woken, makes no difference.
      await withTaskCancellationHandler {
        _ = await nap.result
      } onCancel: {
        nap.cancel()
      }
      napping = nil
    }
    isWoken = false
  }
}
