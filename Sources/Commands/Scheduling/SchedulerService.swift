internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore
internal import Synchronization

/// A scheduler with all that is around it: job files, the log, systemd and the outbox.
final class SchedulerService: Sendable {
  private let store: Store
  private let daemon: SchedulerDaemon
  private let manager = ServiceManager()
  private let log: SchedulerLog
  private let reporter: RunReporter
  private let outbox = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  private let places = PoolPlaces()
  private let triggers: TriggerWatch
  private let folders = TriggerFolders()

  private struct State {
    var context: ProjectContext
    /// Of tidemark.yaml and its like, when they were read.
    var projectTimes: [FileTimes?] = []
    var catalogue = SchedulerCatalogue()
    var isReady = false
    /// Tells the triggers that files may have changed.
    var files: AsyncStream<Void>.Continuation?
  }

  private let state: Mutex<State>

  init(_ context: ProjectContext, _ store: Store, parallelism: Int) {
    self.store = store
    log = SchedulerLog(context.log)
    reporter = RunReporter(log: context.log, isLive: false, isQuiet: false)
    state = Mutex(State(context: context))
    let outbox = outbox.continuation
    daemon = SchedulerDaemon(
      parts: SchedulerService.parts(context, store, reporter, places, []), parallelism: parallelism,
      now: { SystemClock.now }
    ) { [log] event in
      log.tell(event)
      if case .ended = event { outbox.yield() }
    }
    triggers = TriggerWatch(
      entered: { [daemon] in await daemon.nudge($0) },
      waiting: { [log] connection, holder in
        log.write(
          .info, "trigger_waiting",
          [.init("connection", .string(connection)), .init("listening", .string(holder))])
      }
    ) { [log] fault in
      log.trouble("trigger_trouble", fault)
    }
  }

  private static func parts(
    _ context: ProjectContext, _ store: Store, _ reporter: RunReporter, _ places: PoolPlaces,
    _ scheduled: [ScheduledJob]
  ) -> SchedulerDaemon.Parts {
    let environment = context.environment(store: store) { reporter.report($0, $1) }
    return SchedulerDaemon.Parts(
      clerk: FireClerk(
        store: store, project: context.project, now: { SystemClock.now }, places: places,
        known: KnownJobs(scheduled),
        warn: { [log = SchedulerLog(context.log)] in log.warn($0) }),
      execution: FireExecution(
        store: store, runner: Conductor(environment), zones: .system, now: { SystemClock.now },
        cancellation: context.cancellation(in: store) { [log = SchedulerLog(context.log)] in
          log.write(.warning, "cancel_incomplete", [.init("reason", .string($0))])
        }))
  }

  /// Reads every job, and enters those that are new into the state.
  /// - Throws: `Fault` of the state store.
  func start() async throws {
    try await reload(.all, isFirst: true)
  }

  /// Goes on from `start` until the task is cancelled.
  /// - Parameters:
  ///   - reloads: what is to be read again, when that may have changed.
  ///   - rows: asks for the rows of matrices to be read again.
  func run(reloads: AsyncStream<SchedulerCatalogue.Extent>, rows: @escaping @Sendable () -> Void) async throws
  {
    let nap = manager.patience.map { min($0 / 2, SchedulerDaemon.nap) } ?? SchedulerDaemon.nap
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        try await self.daemon.run(nap: nap) { self.beat() }
      }
      group.addTask {
        for await extent in reloads { try await self.reload(extent, isFirst: false) }
      }
      group.addTask { await self.keepMatrices(rows) }
      group.addTask {
        for await _ in self.outbox.stream { await self.deliver() }
      }
      // The daemon ends when the task is cancelled, once its runs have saved what they have.
      try await group.next()
      if Task.isCancelled {
        manager.stopping(within: .seconds(60))
        log.write(.info, "scheduler_stopping")
      }
      group.cancelAll()
      try await group.waitForAll()
    }
    triggers.stop()
    await deliverLast()
    log.write(.info, "scheduler_stopped")
  }

  private func beat() {
    manager.watchdog()
    outbox.continuation.yield()
    lookAtFiles()
    let jobs = state.withLock { state -> Int? in
      if state.isReady { return nil }
      state.isReady = true
      return state.catalogue.jobs.count
    }
    if let jobs { manager.ready("\(jobs) jobs") }
  }

  // MARK: Reloading

  /// One at a time: only the task that takes `reloads` calls it, and the start before it.
  private func reload(_ extent: SchedulerCatalogue.Extent, isFirst: Bool) async throws {
    var extent = extent
    if !isFirst, extent != .matrices {
      manager.reloading()
      // What the project says goes into every job.
      if readProject() { extent = .all }
    }
    let (context, old) = state.withLock { ($0.context, $0.catalogue) }
    let (catalogue, broken) = await read(extent, old, context)
    for file in broken { tell(file) }
    let scheduled = catalogue.scheduled
    // Rows that are as they were need no word.
    if extent == .matrices, scheduled.elementsEqual(old.scheduled, by: { $0.isSame(as: $1) }) {
      state.withLock { $0.catalogue = catalogue }
      return
    }
    let parts = SchedulerService.parts(context, store, reporter, places, scheduled)
    guard try await take(scheduled, parts, isFirst: isFirst) else { return }
    state.withLock { $0.catalogue = catalogue }
    watchTriggers(scheduled, context)
    let next = await daemon.nextFire
    let jobs = catalogue.jobs.count
    log.write(
      .info, isFirst ? "scheduler_started" : "scheduler_reloaded",
      [
        .init("jobs", .integer(jobs)), .init("schedules", .integer(scheduled.count)),
        .init("broken", .integer(broken.count)), .init("next_job", .optional(next?.job.description)),
        .init("next_fire", .optional(next?.at.text())),
      ])
    if !isFirst, extent != .matrices { manager.ready("\(jobs) jobs, \(broken.count) files cannot be read") }
  }

  /// Where the folder of jobs cannot be read at all, everything stays as it was.
  private func read(
    _ extent: SchedulerCatalogue.Extent, _ old: SchedulerCatalogue, _ context: ProjectContext
  ) async -> (SchedulerCatalogue, [SchedulerCatalogue.Broken]) {
    do {
      return try await old.reloaded(extent, context)
    } catch {
      return (old, [.init(path: context.root, faults: [Fault(describing: error)], isKept: true)])
    }
  }

  /// Hands the daemon its jobs; where the state cannot be asked it is tried until it can: the files have been read, and
  /// nobody else would come back to them.
  /// - Returns: false where the task was cancelled first.
  private func take(
    _ scheduled: [ScheduledJob], _ parts: SchedulerDaemon.Parts, isFirst: Bool
  ) async throws -> Bool {
    while true {
      do {
        try await daemon.update(scheduled, parts: parts)
        return true
      } catch  where !isFirst {
        if Task.isCancelled { return false }
        log.trouble("reload_failed", error)
      }
      do {
        try await Task.sleep(for: SchedulerService.patience)
      } catch {
        return false
      }
    }
  }

  /// How soon a reload that has failed is tried again.
  private static let patience = Duration.seconds(1)

  /// Asks for the rows of matrices before they are needed, until the task is cancelled.
  private func keepMatrices(_ rows: @Sendable () -> Void) async {
    while !Task.isCancelled {
      let now = SystemClock.now
      let due = state.withLock { $0.catalogue.nextMatrices(after: now) }
      let nap = min(due.map { now.duration(to: $0) } ?? SchedulerDaemon.nap, SchedulerDaemon.nap)
      do {
        try await Task.sleep(for: nap)
      } catch {
        return
      }
      if let due, due <= SystemClock.now { rows() }
    }
  }

  // MARK: Triggers

  private func lookAtFiles() { state.withLock { $0.files }?.yield() }

  /// Goes by the triggers of these jobs in place of those so far.
  private func watchTriggers(_ scheduled: [ScheduledJob], _ context: ProjectContext) {
    let jobs = scheduled.filter { $0.trigger != nil }
    let files = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    folders.watch(for: jobs, root: context.root, log) { self.lookAtFiles() }
    let clerk = TriggerClerk(
      store: store, project: context.project, queries: context.queries, now: { SystemClock.now })
    triggers.update(jobs, parts: .init(clerk: clerk, queries: context.queries), files: files.stream)
    state.withLock { $0.files = jobs.isEmpty ? nil : files.continuation }
  }

  /// Reads tidemark.yaml again; what cannot be read leaves everything as it was.
  /// - Returns: whether it has changed.
  private func readProject() -> Bool {
    let (old, oldTimes) = state.withLock { ($0.context, $0.projectTimes) }
    do {
      let times = try old.file.project.files.map { try FileTimes(of: $0) }
      if times == oldTimes { return false }
      let context = try ProjectContext(old.invocation)
      let path = try context.statePath
      guard path == (try old.statePath) else {
        throw Fault(
          "state_moved", .config, "The state is now to lie at \(path)",
          hint: "Start the scheduler again for that")
      }
      state.withLock { ($0.context, $0.projectTimes) = (context, times) }
      return true
    } catch {
      log.trouble("project_kept", error)
      return false
    }
  }

  private func tell(_ file: SchedulerCatalogue.Broken) {
    for fault in file.faults {
      log.trouble(
        file.isKept ? "job_file_kept" : "job_file_broken", fault, [.init("file", .string(file.path))])
    }
  }

  // MARK: Notices

  /// What the last runs have to tell. What takes longer than a stop should is left to whoever comes next.
  private func deliverLast() async {
    // Not of the task that was cancelled.
    let delivery = Task { await deliver() }
    let limit = Task {
      try await Task.sleep(for: .seconds(5))
      delivery.cancel()
    }
    await delivery.value
    limit.cancel()
  }

  private func deliver() async {
    let (context, jobs) = state.withLock { ($0.context, $0.catalogue.jobs) }
    let environment = context.environment(store: store) { self.reporter.report($0, $1) }
    await context.deliverBesides(environment, jobs: jobs)
  }
}
