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

  private struct Lane {
    var job: ScheduledJob
    var considered: Instant?
    /// When to look at it next; `nil` for never.
    var due: Instant?
    /// Waits for a run, an upstream job or a pool.
    var isWaiting = false
    var isBusy = false
  }

  private let now: @Sendable () -> Instant
  private let tell: @Sendable (Event) -> Void
  private let parallelism: Int
  private var parts: Parts
  private var lanes: [ScheduledJob.ID: Lane] = [:]
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
    let considered = try await self.parts.clerk.considered()
    let open = try await self.parts.clerk.openJobs()
    let moment = now()
    var next: [ScheduledJob.ID: Lane] = [:]
    for job in jobs {
      var lane = lanes[job.id] ?? Lane(job: job, considered: considered[job.id])
      lane.job = job
      lane.due = moment
      // Ten thousand jobs that only sleep are not each asked of the store.
      if let considered = lane.considered, !open.contains(job.id) {
        lane.due = job.ledger.intervals.fires.next(after: considered)?.instant
          .advanced(by: job.ledger.jitter)
      }
      next[job.id] = lane
    }
    // A run of a job whose file is gone still ends in its lane.
    for (id, lane) in lanes where lane.isBusy && next[id] == nil {
      var last = lane
      last.due = nil
      next[id] = last
    }
    lanes = next
    wake()
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

  /// Looks at every job that is due, and starts what is to be run.
  /// - Returns: when to look again.
  package func pass() async -> Instant? {
    let moment = now()
    let due = lanes.filter { !$1.isBusy && $1.due.map { $0 <= moment } ?? false }.keys.sorted()
    for id in due {
      if runs.count >= parallelism { break }
      await look(at: id)
    }
    // What is due and found no free place is looked at when a run ends.
    let later = now()
    return lanes.values.compactMap { lane in
      lane.isBusy || lane.due.map { $0 <= later } ?? true ? nil : lane.due
    }.min()
  }

  private func look(at id: ScheduledJob.ID) async {
    guard var lane = lanes[id], !lane.isBusy else { return }
    lanes[id]?.isBusy = true
    let parts = parts
    do {
      switch try await parts.clerk.step(lane.job, considered: &lane.considered) {
      case .run(let order):
        lanes[id]?.considered = lane.considered
        tell(.started(id, fire: order.fire.fire))
        runs[id] = Task { await self.carryOut(order, parts) }
      case .rest(let rest):
        let again = rest.isWaiting ? now().advanced(by: SchedulerDaemon.patience) : nil
        lanes[id]?.considered = lane.considered
        lanes[id]?.isWaiting = rest.isWaiting
        free(id, due: [rest.until, again].compactMap { $0 }.min())
      }
    } catch {
      tell(.trouble(Fault(describing: error)))
      free(id, due: now().advanced(by: SchedulerDaemon.patience))
    }
  }

  private func carryOut(_ order: FireOrder, _ parts: Parts) async {
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
    runs[order.job.id] = nil
    free(order.job.id, due: due)
    // Somebody may have waited for just this run.
    let moment = now()
    for (id, lane) in lanes where lane.isWaiting && !lane.isBusy { lanes[id]?.due = moment }
    wake()
  }

  private func free(_ id: ScheduledJob.ID, due: Instant?) {
    lanes[id]?.isBusy = false
    lanes[id]?.due = due
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
