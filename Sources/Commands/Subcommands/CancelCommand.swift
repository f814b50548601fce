internal import Model
internal import Runtime
internal import Scheduler
internal import StateStore

/// `tidemark cancel`: ends a run for good.
enum CancelCommand {
  static let spec = CommandSpec(
    name: "cancel", summary: "End a run for good; nothing more of it is published",
    discussion: """
      A run that is being worked on ends within seconds. One whose result a target holds, or of which a file has
      appeared, can only go forward, and is not cancelled: `tidemark resume` finishes it. One that publishes chunk by
      chunk is until its last chunk, and what it has published stays until a run with --again takes its place. Where a
      target cannot be asked, a run amid its publish stays undecided until it is resumed.
      """,
    operands: [
      .init(name: "RUN|JOB", help: "a run's id, or a job, or one row of its matrix, for its unfinished runs")
    ],
    options: [OptionSpec("reason", value: "TEXT", help: "why, for the audit trail")],
    example: "tidemark cancel daily-revenue --reason 'wrong prices loaded'",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let store = try await context.openStore()
    let runs = try await runs(invocation.operands[0], context, store)
    var results: [(RunRecord, RunCancellation.Result)] = []
    var published: Set<RunID> = []
    var refusals: [Fault] = []
    let cancellation = context.cancellation(in: store)
    for run in runs {
      if try await store.sinkMarks(of: run.id).contains(where: \.isByChunk) { published.insert(run.id) }
      do {
        let result = try await cancellation.end(
          run.id, by: Person.current, reason: invocation["reason"] ?? "cancelled by hand")
        results.append((run, result))
      } catch let fault as Fault where fault.code == "illegal_move" {
        refusals.append(fault)
      }
    }
    await store.close()
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([
          .init(
            "runs",
            .array(
              results.map { run, result in
                .object([
                  .init("run", .string(run.id.text)), .init("job", .string(run.identity.job.text)),
                  .init("result", .string(result.word)),
                ])
              }))
        ]).prettyText)
    } else {
      for (run, result) in results {
        let rest =
          published.contains(run.id)
          ? "; the chunks that it has published stay until a run with --again takes its place" : ""
        Terminal.print("run \(run.id) of \(run.identity.job): \(result.sentence)\(rest)")
      }
    }
    return refusals.isEmpty ? .ok : FaultReport.print(refusals, asJSON: false)
  }

  private static func runs(
    _ name: String, _ context: ProjectContext, _ store: Store
  ) async throws -> [RunRecord] {
    switch try await context.subject(name, in: store) {
    case .run(let run):
      try context.requireOwn(run)
      return [run]
    case .job(let job):
      let open = try await context.runs(of: job, in: store, RunFilter(isUnfinished: true))
      if open.isEmpty { throw ProjectContext.no("unfinished run", of: job) }
      return open
    }
  }
}
