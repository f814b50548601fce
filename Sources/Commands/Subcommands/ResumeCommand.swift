internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import StateStore

/// `tidemark resume`: goes on with a run that failed, was stopped or died, whatever its interval.
enum ResumeCommand {
  static let spec = CommandSpec(
    name: "resume", summary: "Go on with a run that failed, was stopped or whose process died",
    discussion: """
      Finished chunks count where they are proved unchanged; --dry-run says which would, and changes nothing.
      A run that has succeeded is left as it is; `tidemark run JOB --again` makes a new revision.
      """,
    operands: [.init(name: "RUN|JOB", help: "a run's id, or a job for its oldest unfinished run")],
    options: [
      OptionSpec("dry-run", help: "say what would be kept and what would be done again"),
      OptionSpec("parallelism", value: "N", help: "chunks at once, over as many connections"),
      OptionSpec("force", help: "let mode `replace` put an older interval over a newer one"),
    ],
    example: "tidemark resume daily-revenue --dry-run",
    isAboutRuns: true,
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let store = try await invocation.has("dry-run") ? context.openStoreToRead() : context.openStore()
    let found = try await context.run(
      named: invocation.operands[0], in: store, RunFilter(isUnfinished: true), what: "unfinished run",
      isOldest: true)
    if found.state.isFinal {
      await store.close()
      throw Fault(
        "nothing_to_resume", .usage, "Run \(found.id) is over: it \(found.state.rawValue)",
        hint: found.state == .succeeded
          ? "`tidemark run \(found.identity.job) --again` with its interval publishes a new revision"
          : "`tidemark run \(found.identity.job)` starts a new run")
    }
    var (warnings, request) = try await context.requestToResume(found, store)
    FaultReport.warn(warnings)
    request.parallelism = try invocation.integer("parallelism", in: 1...1024)
    request.force = invocation.has("force")
    let code =
      invocation.has("dry-run")
      ? try await preview(found, request, context, store, invocation)
      : try await resume(found, request, context, store, invocation)
    await store.close()
    return code
  }

  private static func resume(
    _ record: RunRecord, _ request: RunRequest, _ context: ProjectContext, _ store: Store,
    _ invocation: Invocation
  ) async throws -> ExitCode {
    let reporter = RunReporter(invocation, log: context.log)
    let environment = context.environment(store: store) { reporter.report($0, $1) }
    let outcome: Result<RunOutcome, any Error>
    do {
      outcome = .success(
        try await StopSignals.cancelling {
          try await Conductor(environment).resume(record, request)
        })
    } catch {
      outcome = .failure(error)
    }
    reporter.finish()
    try await context.deliverBehind(environment, jobs: [request.job])
    if invocation.has("json"), case .failure(let error) = outcome {
      let faults = Tool.faults(of: error)
      let failed = await FailedRun(
        record.id, in: store, job: request.job.name, row: record.identity.matrixRow,
        intervals: try IntervalText(context), faults: faults)
      Terminal.print(failed.json.prettyText)
      return faults[0].kind.exitCode
    }
    return try RunResult(try outcome.get(), of: request, row: record.identity.matrixRow).tell(invocation)
  }

  private static func preview(
    _ record: RunRecord, _ request: RunRequest, _ context: ProjectContext, _ store: Store,
    _ invocation: Invocation
  ) async throws -> ExitCode {
    let isOwned = try await store.isOwned(record.id)
    let preview = try await PastRun(
      resuming: record, request, context.environment(store: store) { _, _ in }
    ).resumePreview()
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([
          .init("run", .string(record.id.text)), .init("job", .string(record.identity.job.text)),
          .init("state", .string(record.state.rawValue)), .init("running", .boolean(isOwned)),
          .init("chunks", .integer(preview.allChunks)),
          .init("finished_chunks", .integer(preview.finishedChunks)),
          .init("finished_rows", .integer(preview.finishedRows)), .init("kept", .boolean(preview.isKept)),
          .init("reason", .string(preview.reason)),
          .init("published", .array(preview.committedSinks.map(JSONValue.string))),
        ]).prettyText)
      return .ok
    }
    Terminal.print(
      "Run \(record.id) of \(record.identity.job), revision \(record.revision), is \(record.state.rawValue)"
        + (isOwned ? ", and a process is at work on it" : ""))
    Terminal.print(
      "  finished  \(preview.finishedChunks) of \(Quantity.counted(Int64(preview.allChunks), "chunk")), \(Quantity.count(preview.finishedRows)) rows"
    )
    let verdict =
      preview.finishedChunks == 0 ? "everything is read" : preview.isKept ? "kept" : "read again"
    Terminal.print("  \(verdict)\(preview.reason.isEmpty ? "" : ": \(preview.reason)")")
    if !preview.committedSinks.isEmpty {
      Terminal.print("  published already: \(preview.committedSinks.joined(separator: ", "))")
    }
    Terminal.print("")
    Terminal.print("Next: `tidemark resume \(record.id)`")
    return .ok
  }
}
