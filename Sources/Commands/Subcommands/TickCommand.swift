internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore
internal import Timetable

/// `tidemark tick`: runs what is due, and ends. For cron and timers.
enum TickCommand {
  static let spec = CommandSpec(
    name: "tick", summary: "Run everything that is due, once: for cron and systemd timers",
    discussion: """
      Enters every fire that has come due into the ledger, goes on with unfinished runs, and runs what is to be
      run; the fires of one job run one after the other. What comes due meanwhile is for the next tick. Fires
      from before a job was first seen do not exist.
      A job file that cannot be read is reported and does not stop the others.
      """,
    operands: [.init(name: "JOB", help: "only these jobs", isRequired: false, isRepeatable: true)],
    options: [
      OptionSpec("parallel", value: "N", help: "how many jobs may run at once (default 2)"),
      OptionSpec("every", value: "TIME", help: "a fire found later than this was missed (default 10m)"),
      OptionSpec("dry-run", help: "print what is due, and run nothing"),
    ],
    example: "tidemark tick --dry-run",
    isAboutRuns: true,
    run: { invocation in try await StopSignals.cancelling { try await run(invocation) } })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let reading = try await ScheduleReading(
      context, names: invocation.operands,
      punctuality: try invocation.duration("every") ?? .seconds(600))
    let isPreview = invocation.has("dry-run")
    let store = try await isPreview ? context.openStoreToRead() : context.openStore()
    let code =
      isPreview
      ? try await preview(reading, context, store, invocation)
      : try await tick(reading, context, store, invocation)
    await store.close()
    return code
  }

  // MARK: Running

  private static func tick(
    _ reading: ScheduleReading, _ context: ProjectContext, _ store: Store, _ invocation: Invocation
  ) async throws -> ExitCode {
    let parallelism = try invocation.integer("parallel", in: 1...64) ?? 2
    let isJSON = invocation.has("json")
    let reporter = RunReporter(invocation, log: context.log, parallelism: parallelism)
    let environment = context.environment(store: store) { reporter.report($0, $1) }
    let warnings = TickWarnings(invocation, context.log)
    let tick = Tick(
      clerk: FireClerk(
        store: store, project: context.project, now: { SystemClock.now },
        known: try await reading.known(context), warn: { warnings.tell($0) }),
      execution: FireExecution(
        store: store, runner: Conductor(environment), zones: .system, now: { SystemClock.now },
        cancellation: context.cancellation(in: store)),
      parallelism: parallelism)
    let untold = await triggers(reading.scheduled, context, store)
    let faults = reading.faults + untold
    let jobs = Dictionary(reading.scheduled.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let reports = try await tick.run(reading.scheduled) { report in
      reporter.finish()
      guard !isJSON else { return }
      Terminal.print(FireText(report, jobs[report.job]).line)
      if let fault = report.fault { Terminal.printError(FaultText(fault: fault).text + "\n") }
      if let pause = report.pause {
        let job = report.job.job
        Terminal.printError("! \(job) is paused: \(pause.reason). `tidemark unpause \(job)` ends that\n")
      }
    }
    await context.deliverBesides(environment, jobs: reading.jobs)
    if isJSON {
      let clock = try await clock(reading.scheduled, sightings(context, store))
      Terminal.print(
        JSONValue.object([
          .init("fires", .array(reports.map { FireText($0, jobs[$0.job]).json })),
          .init("faults", FaultReport.json(faults)),
          .init("warnings", FaultReport.json((warnings.all + clock).eachOnce, severity: "warning")),
        ]).prettyText)
    } else if !faults.isEmpty {
      _ = FaultReport.print(faults, asJSON: false)
    } else if reports.isEmpty, !invocation.has("quiet") {
      let waiting = try await waiting(reading.scheduled, context, store)
      let open = "\(waiting) \(waiting == 1 ? "fire waits" : "fires wait") (`tidemark tick --dry-run`)"
      let what = waiting == 0 ? "Nothing is due" : "Nothing can run now: \(open)"
      let pauses = try await store.pauses(project: context.project.name)
      let sightings = try await sightings(context, store)
      Terminal.print(what + next(reading.scheduled, pauses, sightings))
    }
    if Task.isCancelled { return .interrupted }
    return ExitCode.gravest(
      faults.map(\.kind.exitCode) + reports.compactMap(\.fault).map(\.tickCode))
  }

  /// How many fires of these jobs are open, and nobody works on.
  private static func waiting(
    _ jobs: [ScheduledJob], _ context: ProjectContext, _ store: Store
  ) async throws -> Int {
    let names = Set(jobs.map(\.id))
    var waiting = 0
    for fire in try await store.openFires(project: context.project.name)
    where names.contains(.init(job: fire.key.job, row: fire.key.matrixRow)) {
      if let run = fire.run, try await store.isOwned(run) { continue }
      waiting += 1
    }
    return waiting
  }

  /// Enters what triggers have been sent since the last tick. One that cannot be asked stops no job.
  private static func triggers(
    _ jobs: [ScheduledJob], _ context: ProjectContext, _ store: Store
  ) async -> [Fault] {
    let clerk = TriggerClerk(
      store: store, project: context.project, queries: context.queries, now: { SystemClock.now })
    var faults: [Fault] = []
    for job in jobs where job.trigger != nil {
      do {
        _ = try await clerk.look(job)
      } catch let fault as Fault {
        faults.append(fault.at(job.job.schedule?.place))
      } catch let several as Faults {
        faults += several.all.map { $0.at(job.job.schedule?.place) }
      } catch {
        faults.append(
          Fault("internal", .internal, "The trigger of \(job.id) cannot be asked", cause: "\(error)"))
      }
    }
    return faults
  }

  /// The next fire that will run: those that come due while their job is paused go by.
  private static func next(
    _ jobs: [ScheduledJob], _ pauses: [PauseRecord], _ sightings: [ScheduledJob.ID: Sighting]
  ) -> String {
    let now = SystemClock.now
    let paused = Dictionary(pauses.map { ($0.job, $0.until) }, uniquingKeysWith: { first, _ in first })
    let running = jobs.filter { job in
      guard let pause = paused[job.id.job] else { return true }
      return pause != nil
    }
    let next = running.compactMap { job in
      let until = paused[job.id.job].flatMap { $0 } ?? now
      return job.nextFire(
        considered: sightings[job.id]?.lastConsidered, after: max(now, until.advanced(by: .microseconds(-1)))
      ).map { (job, $0) }
    }.min { $0.1.instant < $1.1.instant }
    if let next { return "; next is \(next.0.id) at \(next.1.text)" }
    return running.count < jobs.count
      ? "; no fire is to come but of paused jobs" : "; none of the jobs has a fire to come"
  }

  private static func sightings(
    _ context: ProjectContext, _ store: Store
  ) async throws -> [ScheduledJob.ID: Sighting] {
    Dictionary(
      try await store.sightings(project: context.project.name).map { ($0.id, $0) }, uniquingKeysWith: { $1 })
  }

  /// What a clock that was put back is warned of, as long as that lasts.
  private static func clock(
    _ jobs: [ScheduledJob], _ sightings: [ScheduledJob.ID: Sighting]
  ) -> [Fault] {
    let considered = sightings.mapValues(\.lastConsidered)
    return PutBackClock(jobs, considered: considered, now: SystemClock.now).map { [$0.fault] } ?? []
  }

  // MARK: Looking

  private static func preview(
    _ reading: ScheduleReading, _ context: ProjectContext, _ store: Store, _ invocation: Invocation
  ) async throws -> ExitCode {
    let pauses = try await store.pauses(project: context.project.name)
    let sightings = try await sightings(context, store)
    let warnings = clock(reading.scheduled, sightings)
    if !invocation.has("json") { FaultReport.warn(warnings) }
    let preview = DuePreview(
      store: store, project: context.project.name, now: SystemClock.now,
      known: try await reading.known(context))
    var rows: [[String]] = []
    var due: [JSONValue] = []
    for job in reading.scheduled {
      for line in try await preview.lines(job, sightings[job.id]) {
        let text = FireText(line, job)
        let wait = line.upstream.map { ", waits for \($0)" } ?? ""
        rows.append([text.name, text.fire, text.interval ?? "-", line.verdict + wait])
        due.append(
          .object(
            text.members + [
              .init("verdict", .string(line.verdict)), .init("waits_for", .optional(line.upstream?.text)),
            ]))
      }
    }
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([
          .init("due", .array(due)), .init("faults", FaultReport.json(reading.faults)),
          .init("warnings", FaultReport.json(warnings, severity: "warning")),
        ]).prettyText)
    } else {
      if !reading.faults.isEmpty { _ = FaultReport.print(reading.faults, asJSON: false) }
      for line in TextTable(header: ["job", "fire", "interval", "what"], rows: rows).lines where !rows.isEmpty
      {
        Terminal.print(line)
      }
      if rows.isEmpty { Terminal.print("Nothing is due\(next(reading.scheduled, pauses, sightings))") }
      for job in reading.scheduled where sightings[job.id] == nil {
        Terminal.print("\(job.id) has not been seen before: its fires count from the first tick on")
      }
    }
    return ExitCode.gravest(reading.faults.map(\.kind.exitCode))
  }
}

extension Fault {
  /// That somebody else runs a fire is in order for a tick; other conflicts are a failure of the run.
  fileprivate var tickCode: ExitCode { isAnothersRun ? .ok : kind.exitCode }
}
