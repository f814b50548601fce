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
  private let log: Log
  private let reporter: RunReporter
  private let outbox = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

  private struct State {
    var context: ProjectContext
    var catalogue = SchedulerCatalogue()
    var isReady = false
  }

  private let state: Mutex<State>

  init(_ context: ProjectContext, _ store: Store, parallelism: Int) {
    self.store = store
    log = context.log
    reporter = RunReporter(log: context.log, isLive: false, isQuiet: false)
    state = Mutex(State(context: context))
    let outbox = outbox.continuation
    daemon = SchedulerDaemon(
      parts: SchedulerService.parts(context, store, reporter), parallelism: parallelism,
      now: { SystemClock.now }
    ) { [log] event in
      SchedulerService.write(event, to: log)
      if case .ended = event { outbox.yield() }
    }
  }

  private static func parts(
    _ context: ProjectContext, _ store: Store, _ reporter: RunReporter
  ) -> SchedulerDaemon.Parts {
    let environment = context.environment(store: store) { reporter.report($0, $1) }
    return SchedulerDaemon.Parts(
      clerk: FireClerk(store: store, project: context.project, now: { SystemClock.now }),
      execution: FireExecution(
        store: store, runner: Conductor(environment), zones: .system, now: { SystemClock.now }))
  }

  /// Goes on until the task is cancelled.
  /// - Parameter reloads: gives an element when the files may have changed.
  func run(reloads: AsyncStream<Void>) async throws {
    try await reload(isFirst: true)
    let nap = Watchdog.patience.map { min($0 / 2, SchedulerDaemon.nap) } ?? SchedulerDaemon.nap
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        await self.daemon.run(nap: nap) { self.beat() }
      }
      group.addTask {
        for await _ in reloads { try await self.reload(isFirst: false) }
      }
      group.addTask {
        for await _ in self.outbox.stream { await self.deliver() }
      }
      // The daemon ends when the task is cancelled, once its runs have saved what they have.
      try await group.next()
      if Task.isCancelled {
        manager.stopping(within: .seconds(60))
        log.write(.info, "scheduler_stopping", [])
      }
      group.cancelAll()
      try await group.waitForAll()
    }
    await deliver()
    log.write(.info, "scheduler_stopped", [])
  }

  private func beat() {
    manager.watchdog()
    outbox.continuation.yield()
    let jobs = state.withLock { state -> Int? in
      if state.isReady { return nil }
      state.isReady = true
      return state.catalogue.jobs.count
    }
    if let jobs { manager.ready("\(jobs) jobs") }
  }

  // MARK: Reloading

  private func reload(isFirst: Bool) async throws {
    if !isFirst {
      manager.reloading()
      readProject()
    }
    let (scheduled, jobs, context, broken) = state.withLock { state in
      let broken: [SchedulerCatalogue.Broken]
      do {
        broken = try state.catalogue.reload(state.context)
      } catch {
        broken = [.init(path: state.context.root, faults: [SchedulerService.fault(error)], isKept: true)]
      }
      return (state.catalogue.scheduled, state.catalogue.jobs.count, state.context, broken)
    }
    for file in broken { tell(file) }
    do {
      try await daemon.update(scheduled, parts: SchedulerService.parts(context, store, reporter))
    } catch  where !isFirst {
      log.write(.error, "reload_failed", SchedulerService.facts(SchedulerService.fault(error)))
    }
    let next = await daemon.nextFire
    log.write(
      .info, isFirst ? "scheduler_started" : "scheduler_reloaded",
      [
        .init("jobs", .integer(jobs)), .init("schedules", .integer(scheduled.count)),
        .init("broken", .integer(broken.count)), .init("next_job", .optional(next?.job.description)),
        .init("next_fire", .optional(next?.at.text())),
      ])
    if !isFirst { manager.ready("\(jobs) jobs, \(broken.count) files cannot be read") }
  }

  /// tidemark.yaml too may have changed; what cannot be read leaves everything as it was.
  private func readProject() {
    let old = state.withLock { $0.context }
    do {
      let context = try ProjectContext(old.invocation)
      guard context.statePath == old.statePath else {
        throw Fault(
          "state_moved", .config, "The state is now to lie at \(context.statePath)",
          hint: "Start the scheduler again for that")
      }
      state.withLock { $0.context = context }
    } catch {
      log.write(.error, "project_kept", SchedulerService.facts(SchedulerService.fault(error)))
    }
  }

  private func tell(_ file: SchedulerCatalogue.Broken) {
    for fault in file.faults {
      log.write(
        .error, file.isKept ? "job_file_kept" : "job_file_broken",
        [.init("file", .string(file.path))] + SchedulerService.facts(fault))
    }
  }

  // MARK: Notices

  private func deliver() async {
    let (context, jobs) = state.withLock { ($0.context, $0.catalogue.jobs) }
    let environment = context.environment(store: store) { self.reporter.report($0, $1) }
    do {
      try await NoticeDelivery(environment: environment, jobs: jobs).deliverDue()
    } catch {
      log.write(.error, "outbox_trouble", SchedulerService.facts(SchedulerService.fault(error)))
    }
  }

  // MARK: The log

  private static func write(_ event: SchedulerDaemon.Event, to log: Log) {
    switch event {
    case .started(let job, let fire):
      log.write(
        .info, "fire_started", [.init("job", .string(job.description)), .init("fire", .string(fire.text()))])
    case .ended(let report):
      log.write(
        report.fault == nil ? .info : .error, "fire_ended",
        [
          .init("job", .string(report.job.description)), .init("fire", .string(report.fire.text())),
          .init("outcome", .string(report.outcome.rawValue)), .init("run", .optional(report.run?.text)),
        ] + (report.fault.map(facts) ?? []))
    case .trouble(let fault): log.write(.error, "state_trouble", facts(fault))
    }
  }

  private static func facts(_ fault: Fault) -> [JSONValue.Member] {
    [
      .init("code", .string(fault.code)),
      .init("place", .optional(fault.place.map { "\($0.file):\($0.line):\($0.column)" })),
      .init("fault", .string(fault.sentence)), .init("cause", .optional(fault.cause)),
      .init("hint", .optional(fault.hint)),
    ]
  }

  private static func fault(_ error: any Error) -> Fault {
    switch error {
    case let fault as Fault: fault
    case let faults as Faults: faults.all.first ?? Fault("internal", .internal, "An unknown fault")
    default: Fault("internal", .internal, "The scheduler met an unknown error", cause: "\(error)")
    }
  }
}

/// What systemd asks of a service with `WatchdogSec=`.
enum Watchdog {
  /// The longest silence; `nil` where nobody listens.
  static var patience: Duration? {
    Environment.process["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) }
  }
}
