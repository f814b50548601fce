internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore

/// `tidemark backfill`: makes the intervals of the past.
enum BackfillCommand {
  static let spec = CommandSpec(
    name: "backfill", summary: "Run a job for the intervals of the past, oldest first",
    discussion: """
      Takes every interval that begins from --from on and before --to and has ended. Doing it again goes on where it
      stopped. Without --from it begins with the interval of the first fire that came once the job was seen.
      """,
    operands: [.init(name: "JOB", help: "the job, with all rows of its matrix or one: 'job[tenant=acme]'")],
    options: [
      OptionSpec("from", value: "TIME", help: "RFC 3339, or a date by the job's clock"),
      OptionSpec("to", value: "TIME", help: "the first moment behind the range (default: now)"),
      OptionSpec("parallel", value: "N", help: "how many intervals at once (default 1)"),
      OptionSpec("only", value: "WHICH", help: "missing (default), failed, or all, which makes them again"),
      OptionSpec("force", help: "let mode `replace` put an older interval over a newer one"),
      OptionSpec("dry-run", help: "print the intervals, and run nothing"),
    ],
    example: "tidemark backfill daily-revenue --from 2026-03-10 --to 2026-03-14 --dry-run",
    isAboutRuns: true,
    run: { invocation in try await StopSignals.cancelling { try await run(invocation) } })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let (reading, rowName) = try context.job(invocation.operands[0])
    let store = try await invocation.has("dry-run") ? context.openStoreToRead() : context.openStore()
    var plans: [BackfillPlan] = []
    for (name, row) in try await JobRows(reading.job, context.queries).rows(named: rowName) {
      let request = RunRequest(
        job: reading.job, jobText: reading.text, jobHash: reading.hash, project: context.project,
        choice: .latest, matrixRow: row, force: invocation.has("force"))
      let range = try await range(invocation, request, name, store)
      plans.append(
        try await BackfillPlan(
          request, row: name, range: range,
          only: try invocation.choice("only", BackfillPlan.Only.self) ?? .missing, store: store,
          now: SystemClock.now, zones: .system))
    }
    let code =
      invocation.has("dry-run")
      ? preview(plans, invocation) : try await carryOut(plans, reading.job, context, store, invocation)
    await store.close()
    return code
  }

  private static func range(
    _ invocation: Invocation, _ request: RunRequest, _ row: String, _ store: Store
  ) async throws -> Range<Instant> {
    let now = SystemClock.now
    let zone = try RunContext(request, matrixRowName: row, now: now, zones: .system).zone
    let to = try invocation.instant("to", zone) ?? now
    var from = try invocation.instant("from", zone)
    if from == nil,
      let sighting = try await store.sightings(project: request.project.name)
        .first(where: { $0.job == request.job.name && $0.matrixRow == row })
    {
      from = try BackfillPlan.beginning(
        of: request.job, firstSeen: sighting.firstSeen, now: now, zone: zone)
    }
    guard let from else {
      throw Fault(
        "missing_value", .usage,
        "\(request.job.name) has not been seen by a scheduler, so `--from` is needed",
        hint: "For example: \(spec.example)")
    }
    guard from < now else {
      throw Fault(
        "bad_value", .usage, "`--from` is \(from.text()), which is still to come",
        hint: "A backfill makes intervals that have ended: name an earlier time")
    }
    guard from < to else {
      throw Fault(
        "bad_value", .usage, "`--from` is \(from.text()), which is not before `--to`, \(to.text())",
        hint: "`--to` is the first moment behind the range")
    }
    return from..<to
  }

  // MARK: Looking

  private static func preview(_ plans: [BackfillPlan], _ invocation: Invocation) -> ExitCode {
    let items = plans.flatMap { plan in plan.items.map { (plan.id, $0) } }
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([
          .init("intervals", .array(items.map { .object(members($0, $1)) }))
        ]).prettyText)
      return .ok
    }
    for (id, item) in items {
      Terminal.print("\(id)  \(item.label)\(item.isAgain ? "  again, as a new revision" : "")")
    }
    Terminal.print(items.isEmpty ? "Nothing to make" : "\(items.count) to make")
    return .ok
  }

  private static func members(
    _ id: ScheduledJob.ID, _ item: BackfillPlan.Item
  ) -> [JSONValue.Member] {
    [
      .init("job", .string(id.job.text)), .init("matrix_row", id.row.isEmpty ? .null : .string(id.row)),
      .init("interval", .string(item.label)),
      .init("interval_start", .string(item.interval.start.text())),
      .init("interval_end", .string(item.interval.end.text())), .init("again", .boolean(item.isAgain)),
    ]
  }

  // MARK: Running

  private static func carryOut(
    _ plans: [BackfillPlan], _ job: Job, _ context: ProjectContext, _ store: Store,
    _ invocation: Invocation
  ) async throws -> ExitCode {
    let total = plans.map(\.items.count).reduce(0, +)
    let isJSON = invocation.has("json")
    var parallelism = try invocation.integer("parallel", in: 1...64) ?? 1
    if parallelism > 1, job.interval.lookback != nil {
      Terminal.printError("\(job.name) looks back: its intervals overlap, and are made one after the other\n")
      parallelism = 1
    }
    let reporter = RunReporter(invocation, log: context.log, parallelism: parallelism)
    let environment = context.environment(store: store) { reporter.report($0, $1) }
    let backfill = Backfill(runner: Conductor(environment), store: store, parallelism: parallelism)
    let reports = await backfill.run(plans) { report, done in
      reporter.finish()
      guard !isJSON else { return }
      Terminal.print("\(done)/\(total)  \(line(report))")
      if let fault = report.fault { Terminal.printError(FaultText(fault: fault).text + "\n") }
    }
    await context.deliverBesides(environment, jobs: [job])
    if isJSON {
      Terminal.print(
        JSONValue.object([
          .init("total", .integer(total)),
          .init("intervals", .array(reports.map { .object(members($0.job, $0.item) + outcome($0)) })),
        ]).prettyText)
    } else if total == 0 {
      Terminal.print("Nothing to make")
    } else if reports.count < total {
      Terminal.print(
        "\(total - reports.count) of \(total) were not begun; the same command goes on with them")
    }
    if Task.isCancelled { return .interrupted }
    return ExitCode.gravest(reports.compactMap(\.fault).map(\.kind.exitCode))
  }

  private static func line(_ report: Backfill.Report) -> String {
    let style = Terminal.outputStyle
    let name = "\(style.bold(report.job.description))  \(report.item.label)"
    if report.fault != nil {
      return "\(style.red("✗")) \(name)  failed" + (report.unfinished.map { style.dim("  \($0)") } ?? "")
    }
    guard case .succeeded(let summary)? = report.outcome else {
      return "\(style.green("✓")) \(name)  done before"
    }
    return
      "\(style.green("✓")) \(name)  \(Quantity.counted(summary.resultRows, "row")) in \(Quantity.seconds(summary.seconds))"
      + style.dim("  \(summary.run)")
  }

  private static func outcome(_ report: Backfill.Report) -> [JSONValue.Member] {
    let (word, run): (String, RunID?) =
      switch report.outcome {
      case .succeeded(let summary): ("succeeded", summary.run)
      case .alreadyDone(let record): ("already_done", record.id)
      case .fireTaken, nil: ("failed", report.unfinished)
      }
    return [
      .init("outcome", .string(word)), .init("run", .optional(run?.text)),
      .init("fault", report.fault.map { FaultText(fault: $0).json } ?? .null),
    ]
  }
}
