internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Runtime
package import StateStore

/// A run that was, with the job as it is now: what is needed to look at its result once more.
package struct PastRun: Sendable {
  let environment: EngineEnvironment
  let record: RunRecord
  let request: RunRequest
  let context: RunContext
  /// Why the run cannot go by the present job, where `request` is what it was begun by.
  let refusal: Faults?

  /// - Parameter request: the present job, with the run's interval, parameters and matrix row.
  /// - Throws: `Fault` or `Faults` of the job, its parameters or interval.
  package init(_ record: RunRecord, _ request: RunRequest, _ environment: EngineEnvironment) throws {
    context = try RunContext(of: record, request, in: environment)
    self.environment = environment
    self.record = record
    self.request = request
    refusal = nil
  }

  /// A run as `Conductor.resume` would go on with it: as it was begun, where the present job is refused and something
  /// may be published.
  /// - Throws: as that does before it owns the run.
  package init(
    resuming record: RunRecord, _ request: RunRequest, _ environment: EngineEnvironment
  ) async throws {
    let basis = try await ResumeContext(record, request, in: environment)
    context = basis.context
    self.environment = environment
    self.record = record
    self.request = basis.refusal?.begun ?? request
    refusal = basis.refusal?.faults
  }

  var references: ReferenceScope { context.references(of: record.id) }

  var session: SessionSettings {
    SessionSettings(
      timeZone: context.zone.name, statementTimeout: request.job.limits.statementTimeout,
      lockTimeout: request.job.limits.lockTimeout, lockPatience: request.job.errors.retry.lockPatience)
  }

  /// Hands the job's plan of this day to `body`, with connections that end with it.
  nonisolated(nonsending) func planned<Output>(
    _ body: (Plan, PlanAsker) async throws -> Output
  ) async throws -> Output {
    try await asking(for: nil) { asker in
      let plan = try await asker.plan(
        PlanRequest(
          job: request.job, references: references, connections: environment.project.connections))
      return try await body(plan, asker)
    }
  }

  /// Hands connections to `body` that end with it.
  /// - Parameter run: whose the servers are told that they are.
  nonisolated(nonsending) func asking<Output>(
    for run: RunID?, _ body: (PlanAsker) async throws -> Output
  ) async throws -> Output {
    let asker = PlanAsker(environment: environment, job: request.job.name, run: run, session: session)
    let result: Result<Output, any Error>
    do {
      result = .success(try await body(asker))
    } catch {
      result = .failure(error)
    }
    await asker.close()
    return try result.get()
  }
}
