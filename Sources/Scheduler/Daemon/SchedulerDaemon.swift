package import Model
internal import Runtime
internal import StateStore
internal import Timetable

/// Runs every job when it is due, until it is told to stop.
///
/// Sleeps until the next fire, the end of a run or new job files, whichever comes first, by a timer
/// that notices a clock that is set and counts the time of a machine that slept. Only while some fire
/// waits for another process does it look every few seconds. Several may work on one state store: each
/// fire runs once, and what one leaves behind the others go on with.
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
    /// The run of it that goes on here.
    var run: (fire: FireKey, task: Task<Void, Never>)?
    /// Its file is there no more: it ends with its run.
    var isGone = false

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
  /// Those that are due and find no free place, with how long they have been.
  private var held: [ScheduledJob.ID: Instant] = [:]
  /// Those that wait for a run, an upstream job or a place, with what of that a run here may bring about.
  private var waiting: [ScheduledJob.ID: Set<Awaited>] = [:]
  private var running = 0
  /// The latest time that a pass has seen.
  private var latest: Instant?
  private let wakes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

  /// The longest time between two beats.
  package static let nap = Duration.seconds(30)
  /// How soon to look again after trouble.
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
    let considered = try await self.parts.clerk.entry.considered(seeing: jobs)
    let open = try await self.parts.clerk.openJobs()
    let moment = now()
    var next: [ScheduledJob.ID: Lane] = [:]
    agenda = Agenda()
    held = [:]
    for job in jobs {
      let lane = lanes[job.id] ?? Lane(job: job, considered: considered[job.id])
      lane.job = job
      // A schedule that has changed begins now.
      lane.considered = considered[job.id] ?? lane.considered
      lane.isGone = false
      next[job.id] = lane
      // Ten thousand jobs that only sleep are not each asked of the store.
      agenda.set(
        job.id, lane.considered != nil && !open.contains(job.id) ? nextFire(of: lane) : moment)
    }
    // A run of a job whose file is gone still ends in its lane.
    for (id, lane) in lanes where lane.run != nil && next[id] == nil {
      lane.isGone = true
      next[id] = lane
    }
    lanes = next
    waiting = waiting.filter { next[$0.key]?.isGone == false }
    wake()
  }

  /// Somebody has entered a fire of this job.
  package func nudge(_ id: ScheduledJob.ID) {
    guard let lane = lanes[id], !lane.isGone else { return }
    agenda.set(id, now())
    wake()
  }

  /// When the schedule itself calls for another look.
  private func nextFire(of lane: Lane) -> Instant? {
    let considered = lane.considered ?? now()
    return lane.job.ledger.intervals.fires.next(after: considered)?.instant
      .advanced(by: lane.job.ledger.jitter)
  }

  /// The next time that a job is due by its schedule.
  package var nextFire: (job: ScheduledJob.ID, at: Instant)? {
    let moment = now()
    return lanes.values.compactMap { lane in
      lane.job.nextFire(considered: lane.considered, after: moment).map { (lane.job.id, $0.instant) }
    }.min { $0.1 < $1.1 }
  }

  // MARK: The loop

  /// Goes on until the task is cancelled; then asks the runs that are going on to stop, and waits
  /// for them to save what they have.
  /// - Parameter beat: called first, and then at least every `nap`, when everything due has been started.
  /// - Throws: `Fault` of the timer.
  package func run(nap: Duration = SchedulerDaemon.nap, beat: @Sendable () -> Void) async throws {
    let timer = try WallTimer { [wakes] in wakes.continuation.yield() }
    var beaten: ContinuousClock.Instant?
    for await _ in waking() {
      let next = await pass()
      // Not after each of a hundred fires a second.
      if beaten.map({ $0.duration(to: .now) >= SchedulerDaemon.calm }) ?? true {
        beat()
        beaten = .now
      }
      timer.set(min(nap, next.map { now().duration(to: $0) } ?? nap))
    }
    let tasks = lanes.values.compactMap(\.run?.task)
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }

  /// The shortest time between two beats.
  private static let calm = Duration.seconds(1)

  /// A turn at once, then one for each wake, until the task is cancelled.
  private func waking() -> AsyncStream<Void> {
    wake()
    return wakes.stream
  }

  private func wake() { wakes.continuation.yield() }

  /// Enters what is due of every job, and starts what is to be run and finds a place: what has the
  /// highest priority first, then what has waited longest.
  /// - Returns: when to look again.
  package func pass() async -> Instant? {
    await lookAtClock()
    let fresh = agenda.takeDue(by: now()).filter { lanes[$0.id]?.isGone == false }
    for entry in fresh { held[entry.id] = min(held[entry.id] ?? entry.due, entry.due) }
    if held.isEmpty { return agenda.next() }
    var view: LedgerView?
    do {
      view = try await enterDue(fresh.map(\.id))
      // One that has just ended a run has waited since its next fire, and not only since then.
      for (id, pending) in view?.openFires.pendingFires ?? [:] {
        held[id] = held[id].map { min($0, pending.lowerBound) }
      }
    } catch {
      tell(.trouble(Fault(describing: error)))
      for entry in fresh { settle(entry.id, due: now().advanced(by: SchedulerDaemon.patience)) }
      return agenda.next()
    }
    let isFresh = Set(fresh.map(\.id))
    for entry in held.sorted(by: precedes) {
      // Whoever is told to stop begins nothing more.
      if Task.isCancelled { break }
      guard let lane = lanes[entry.key] else {
        held[entry.key] = nil
        continue
      }
      // What runs already needs no place: perhaps it is to give way to what is due now.
      if lane.run != nil || running < parallelism {
        held[entry.key] = nil
        await look(at: entry.key, lane, view)
      } else if isFresh.contains(entry.key) {
        agenda.set(entry.key, nextFire(of: lane))
      }
    }
    return agenda.next()
  }

  /// Tells once that the clock was put back behind the ledgers of jobs.
  private func lookAtClock() async {
    let moment = now()
    defer { latest = moment }
    guard let latest, moment.advanced(by: SchedulerDaemon.nap) < latest else { return }
    do {
      try await parts.clerk.entry.tellOfClock(lanes.values.map(\.job), lanes.compactMapValues(\.considered))
    } catch {
      tell(.trouble(Fault(describing: error)))
    }
  }

  private typealias Due = (key: ScheduledJob.ID, value: Instant)

  private func precedes(_ left: Due, _ right: Due) -> Bool {
    let priorities = (
      lanes[left.key]?.job.job.limits.priority ?? 0, lanes[right.key]?.job.job.limits.priority ?? 0
    )
    return (priorities.1, left.value, left.key) < (priorities.0, right.value, right.key)
  }

  /// Enters what has come due, also of jobs that find no place: a fire that was seen in time counts as
  /// punctual however long it waits then.
  /// - Returns: `nil` where there is nothing new.
  private func enterDue(_ ids: [ScheduledJob.ID]) async throws -> LedgerView? {
    if ids.isEmpty { return nil }
    let due = ids.compactMap { lanes[$0] }
    var considered: [ScheduledJob.ID: Instant] = [:]
    for lane in due { considered[lane.job.id] = lane.considered }
    let view = try await parts.clerk.entry.enterDue(due.map(\.job), considered: &considered)
    for lane in due { lane.considered = considered[lane.job.id] }
    return view
  }

  private func look(at id: ScheduledJob.ID, _ lane: Lane, _ view: LedgerView?) async {
    waiting[id] = nil
    let parts = parts
    var considered = lane.considered
    do {
      let step = try await parts.clerk.step(
        lane.job, considered: &considered, begun: lane.run?.fire, view: view)
      lane.considered = considered
      switch step {
      case .run(let order) where lane.run != nil:
        // The run before it is not quite over; its end asks again.
        parts.clerk.finished(order)
        settle(id, due: nextFire(of: lane))
      case .run(let order):
        tell(.started(id, fire: order.fire.fire))
        running += 1
        lane.run = (order.fire, Task { await self.carryOut(order, lane, parts) })
        settle(id, due: nextFire(of: lane))
      case .rest(let rest):
        var again: Instant?
        // Its own run's end is told without asking.
        if rest.isWaiting, lane.run == nil {
          again = now().advanced(by: FireClerk.Rest.patience)
          waiting[id] = rest.awaits
        }
        settle(id, due: [rest.until, again].compactMap { $0 }.min())
      }
    } catch {
      tell(.trouble(Fault(describing: error)))
      settle(id, due: now().advanced(by: SchedulerDaemon.patience))
    }
  }

  private func carryOut(_ order: FireOrder, _ lane: Lane, _ parts: Parts) async {
    var isToRest = true
    do {
      let report = try await parts.execution.carryOut(order)
      tell(.ended(report))
      isToRest = report.isOpen && report.summary == nil
    } catch {
      tell(.trouble(Fault(describing: error)))
    }
    let moment = now()
    parts.clerk.finished(order)
    running -= 1
    lane.run = nil
    if lane.isGone {
      lanes[order.job.id] = nil
    } else {
      settle(order.job.id, due: isToRest ? moment.advanced(by: SchedulerDaemon.patience) : moment)
    }
    let changed = parts.clerk.changes(endOf: order.job)
    for (id, awaits) in waiting where !awaits.isDisjoint(with: changed) { settle(id, due: moment) }
    wake()
  }

  /// Looks at a job again then; not at one that has gone meanwhile.
  private func settle(_ id: ScheduledJob.ID, due: Instant?) {
    if lanes[id]?.isGone == false { agenda.set(id, due) }
  }

  /// Waits until nothing runs. For tests.
  func idle() async {
    while let task = lanes.values.lazy.compactMap(\.run?.task).first { await task.value }
  }
}
