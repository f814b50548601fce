internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore

/// `tidemark run`: one job, one interval, from source to published.
enum RunCommand {
  static let spec = CommandSpec(
    name: "run", summary: "Run one job for one interval, going on where an earlier attempt stopped",
    discussion: """
      JOB is a file or a job's name, with a matrix row in brackets: 'tenant-revenue[tenant=acme]'.
      Without an interval it takes the job's oldest unfinished fire or run, else the last interval that has
      ended. A success closes the fires of its interval.
      A job that has succeeded for that interval is not run again unless --again is given, or the run had begun
      to read before the fire came. A failed run is started again as the job's errors.rerun says; the command
      waits meanwhile.
      """,
    operands: [.init(name: "JOB", help: "jobs/NAME.yaml, or NAME")],
    options: [
      OptionSpec("set", value: "NAME=VALUE", help: "a parameter; may be repeated", isRepeatable: true),
      OptionSpec("for", value: "WHEN", help: "the interval: yesterday, 2026-03, 2026-W12, 2026-03-14"),
      OptionSpec("interval-start", value: "TIME", help: "RFC 3339, or a date in the job's zone"),
      OptionSpec("interval-end", value: "TIME", help: "the first moment behind the interval"),
      OptionSpec("parallelism", value: "N", help: "chunks at once, over as many connections"),
      OptionSpec("again", help: "publish a new revision of an interval that has succeeded"),
      OptionSpec("strict", help: "exit 8 instead of 0 where it has succeeded before"),
      OptionSpec("no-rerun", help: "fail at once, whatever the job's errors.rerun says"),
      OptionSpec("force", help: "let mode `replace` put an older interval over a newer one"),
    ],
    example: "tidemark run daily-revenue --for yesterday",
    isAboutRuns: true,
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let (reading, rowName) = try context.job(invocation.operands[0])
    FaultReport.warn(context.file.warnings + reading.warnings)
    let parameters = try parameters(invocation)
    let rows = try await JobRows(reading.job, context.queries, parameters: parameters).rows(named: rowName)
    let isJSON = invocation.has("json")
    // One document for all rows of a matrix, whatever becomes of them.
    let isOneDocument = isJSON && rowName == nil && reading.job.matrix != nil
    var results: [RunResult] = []
    let request = RunRequest(
      job: reading.job, jobText: reading.text, jobHash: reading.hash, project: context.project,
      choice: .latest, parameters: parameters,
      parallelism: try invocation.integer("parallelism", in: 1...1024), again: invocation.has("again"),
      force: invocation.has("force"))
    let store = try await context.openStore()
    let reporter = RunReporter(invocation, log: context.log)
    let status = ServiceStatus(job: reading.job.name)
    let begun = BegunRun()
    let environment = context.environment(store: store) {
      begun.on($0, $1)
      reporter.report($0, $1)
      status.on($1)
    }
    // What a failed run has to tell is delivered too, before its fault is.
    let outcome: Result<ExitCode, any Error>
    do {
      outcome = .success(
        try await runRows(rows, request, environment, store, reporter, context) { result in
          results.append(result)
          begun.clear()
          return isOneDocument ? result.code(invocation) : result.tell(invocation)
        })
    } catch {
      outcome = .failure(error)
    }
    reporter.finish()
    var faults: [Fault] = []
    var failed: FailedRun?
    if isJSON, case .failure(let error) = outcome {
      faults = Tool.faults(of: error)
      failed = await FailedRun(
        begun.id, in: store, job: reading.job.name, row: rows[results.count].0,
        intervals: try IntervalText(context), faults: faults)
    }
    if isOneDocument {
      Terminal.print(
        JSONValue.object([
          .init("runs", .array(results.map(\.json) + (failed.map { [$0.json] } ?? []))),
          .init("faults", FaultReport.json(faults)),
        ]).prettyText)
    } else if let failed {
      Terminal.print(failed.json.prettyText)
    }
    try await context.deliverBehind(environment, jobs: [reading.job])
    await store.close()
    return try faults.first?.kind.exitCode ?? outcome.get()
  }

  private static func runRows(
    _ rows: [(String, MatrixRow?)], _ request: RunRequest, _ environment: EngineEnvironment, _ store: Store,
    _ reporter: RunReporter, _ context: ProjectContext, _ ended: (RunResult) -> ExitCode
  ) async throws -> ExitCode {
    var worst = ExitCode.ok
    for (name, row) in rows {
      let code = ended(try await runRow(name, row, request, environment, store, reporter, context))
      if worst == .ok { worst = code }
    }
    return worst
  }

  private static func runRow(
    _ name: String, _ row: MatrixRow?, _ request: RunRequest, _ environment: EngineEnvironment,
    _ store: Store, _ reporter: RunReporter, _ context: ProjectContext
  ) async throws -> RunResult {
    let invocation = context.invocation
    let byHand = HandRun(store: store, zones: .system, now: { SystemClock.now })
    var request = request
    request.matrixRow = row
    request.choice = try choice(invocation, request)
    if request.choice == .latest, request.parameters.isEmpty, !request.again {
      request = try await byHand.request(request, row: name)
    } else {
      request = try await byHand.latest(request, row: name)
    }
    let asked = request
    // With --json the log on standard error says it.
    let isJSON = invocation.has("json")
    let reruns = RunReruns(
      environment: environment, isOff: invocation.has("no-rerun"),
      tell: { failure in
        reporter.finish()
        if !isJSON { _ = FaultReport.print(Tool.faults(of: failure), asJSON: false) }
        await context.deliverBesides(environment, jobs: [asked.job])
      })
    let outcome = try await StopSignals.cancelling {
      try await ServiceStatus.savingWhenStopped { try await reruns.run(asked, matrixRowName: name) }
    }
    try await byHand.finish(asked, outcome)
    reporter.finish()
    return try RunResult(outcome, of: asked, row: name)
  }

  static func parameters(_ invocation: Invocation) throws(Fault) -> [String: String] {
    var parameters: [String: String] = [:]
    for text in invocation.all("set") {
      // Scalar by scalar: a combining letter behind the sign makes one character of both.
      guard let equals = text.unicodeScalars.firstIndex(of: "="), equals != text.startIndex else {
        throw Fault(
          "bad_value", .usage, "`--set \(text)` is not NAME=VALUE", hint: "For example: --set min_quantity=5")
      }
      let name = String(text[..<equals])
      if parameters[name] != nil {
        throw Fault("repeated_option", .usage, "The parameter `\(name)` is given twice")
      }
      parameters[name] = String(text.unicodeScalars[equals...].dropFirst())
    }
    return parameters
  }

  /// - Parameter request: its parameters and matrix row may decide the zone that dates are read in.
  static func choice(_ invocation: Invocation, _ request: RunRequest) throws -> IntervalChoice {
    let start = invocation["interval-start"]
    let end = invocation["interval-end"]
    if let name = invocation["for"] {
      if start != nil || end != nil {
        throw Fault(
          "bad_value", .usage, "`--for` and `--interval-start` name the interval twice",
          hint: "Give one of the two")
      }
      return .named(name)
    }
    guard start != nil else {
      if end != nil { throw halfInterval("`--interval-end` needs `--interval-start`") }
      return .latest
    }
    guard end != nil else { throw halfInterval("`--interval-start` needs `--interval-end`") }
    let zone = try RunContext(request, matrixRowName: "", now: SystemClock.now, zones: .system).zone
    guard let from = try invocation.instant("interval-start", zone),
      let to = try invocation.instant("interval-end", zone)
    else { return .latest }
    return .range(TimeRange(start: from, end: to))
  }

  private static func halfInterval(_ sentence: String) -> Fault {
    Fault(
      "bad_value", .usage, sentence,
      hint: "Give both, or name the interval: --for yesterday, --for 2026-03-14")
  }
}
