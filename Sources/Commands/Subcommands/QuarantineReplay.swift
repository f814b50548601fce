internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import StateStore

/// `tidemark quarantine replay`: rejected rows go through the job's present steps once more, and what
/// passes is published with the rest as the run's next revision.
struct QuarantineReplay {
  var invocation: Invocation
  var context: ProjectContext
  var store: Store

  func replay(_ origin: RunRecord) async throws -> ExitCode {
    let run = origin.id
    guard try await !store.rejections(of: run, limit: 1).isEmpty else {
      say(
        [.init("outcome", .string("nothing_to_replay")), .init("run", .string(run.text))],
        "Run \(run) has no rows in quarantine: nothing is replayed")
      return .ok
    }
    var (reading, request) = try await context.request(for: origin)
    FaultReport.warn(reading.warnings)
    request.again = true
    request.force = invocation.has("force")
    let asked = request
    let reporter = RunReporter(invocation, log: context.log)
    let environment = context.environment(store: store) { reporter.report($0, $1) }
    let outcome: Result<RunOutcome, any Error>
    do {
      outcome = .success(
        try await StopSignals.cancelling { try await Conductor(environment).replay(origin, asked) })
    } catch {
      outcome = .failure(error)
    }
    reporter.finish()
    try await context.deliverBehind(environment, jobs: [reading.job])
    return try tell(try outcome.get(), of: asked, origin)
  }

  private func tell(_ outcome: RunOutcome, of request: RunRequest, _ origin: RunRecord) throws -> ExitCode {
    guard case .alreadyDone(let done) = outcome else {
      return try RunResult(outcome, of: request, row: origin.identity.matrixRow).tell(invocation)
    }
    let left = done.totals.rows.quarantined
    say(
      [
        .init("outcome", .string("already_done")), .init("run", .string(done.id.text)),
        .init("revision", .integer(done.revision)), .init("rows_quarantined", .integer(left)),
      ],
      "Run \(origin.id) was replayed before, by run \(done.id) as revision \(done.revision)"
        + (left > 0
          ? "; \(Quantity.count(left)) rows are still in quarantine: `tidemark quarantine show \(done.id)`"
          : ""))
    return .ok
  }

  private func say(_ facts: [JSONValue.Member], _ sentence: String) {
    Terminal.print(invocation.has("json") ? JSONValue.object(facts).prettyText : sentence)
  }
}
