internal import Engine
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
      appeared, can only go forward, and is not cancelled: `tidemark resume` finishes it. Where a store can never take
      the rest, --partial ends it all the same, and has a process that works on it leave it: what is published stays, and
      the next run of the interval is a new revision for all stores. One that publishes chunk by chunk can be cancelled
      until its last chunk, and what it has published stays until the next run of the interval, a new revision, takes its
      place. Where a target cannot be asked, a run amid its publish stays undecided until it is resumed, or given up
      with --partial.
      """,
    operands: [
      .init(name: "RUN|JOB", help: "a run's id, or a job, or one row of its matrix, for its unfinished runs")
    ],
    options: [
      OptionSpec("reason", value: "TEXT", help: "why, for the audit trail"),
      OptionSpec(
        "partial", help: "also a run that has published into some of its stores; these stay as they are"),
    ],
    example: "tidemark cancel daily-revenue --reason 'wrong prices loaded'",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let store = try await context.openStore()
    let runs = try await runs(invocation.operands[0], context, store)
    let reason = invocation["reason"] ?? "cancelled by hand"
    var ends: [End] = []
    var refusals: [Fault] = []
    let cancellation = context.cancellation(in: store)
    for run in runs {
      do {
        if invocation.has("partial") {
          let (result, rest) = try await cancellation.endPartly(run.id, by: Person.current, reason: reason) {
            try await context.begunRun($0, store).giveUpRest()
          }
          ends.append(try await End(run, result, rest, in: store))
        } else {
          let result = try await cancellation.end(run.id, by: Person.current, reason: reason)
          ends.append(try await End(run, result, nil, in: store))
        }
      } catch let fault as Fault where fault.code == "illegal_move" || fault.code == "held" {
        refusals.append(fault)
      }
    }
    await store.close()
    if invocation.has("json") {
      Terminal.print(JSONValue.object([.init("runs", .array(ends.map(\.json)))]).prettyText)
    } else {
      for end in ends {
        Terminal.print(end.line)
        if let failure = end.rest?.failure {
          Terminal.printError("warning: not all stores could be asked what they hold: \(failure.sentence)\n")
        }
      }
    }
    return refusals.isEmpty ? .ok : FaultReport.print(refusals, asJSON: false)
  }

  /// What became of one run.
  private struct End {
    let run: RunRecord
    let result: RunCancellation.Result
    /// What it leaves behind that has published into some of its stores.
    let rest: PartialResult?
    /// Some of its chunks stay, of a result that is not whole.
    let hasChunks: Bool

    init(
      _ run: RunRecord, _ result: RunCancellation.Result, _ rest: PartialResult?, in store: Store
    ) async throws {
      (self.run, self.result, self.rest) = (run, result, rest)
      let whole = rest?.sinks ?? []
      let isOver = if case .over = result { true } else { false }
      let marks = try await store.sinkMarks(of: run.id)
      hasChunks = !isOver && marks.contains { $0.isOfChunks && !whole.contains($0.sink) }
    }

    var json: JSONValue {
      .object([
        .init("run", .string(run.id.text)), .init("job", .string(run.identity.job.text)),
        .init("result", .string(result.word)),
        .init("published", .array((rest?.held ?? []).map(JSONValue.string))),
        .init("given_up", .array((rest?.missing ?? []).map(JSONValue.string))),
      ])
    }

    var line: String {
      let chunks =
        hasChunks
        ? "; the chunks that it has published stay until the next run of the interval, a new revision, takes its place"
        : ""
      let halves = rest.map { "; \($0.sentence)" } ?? ""
      return "run \(run.id) of \(run.identity.job): \(result.sentence)\(chunks)\(halves)"
    }
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
