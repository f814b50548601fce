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

  /// - Parameter request: the present job, with the run's interval, parameters and matrix row.
  /// - Throws: `Fault` or `Faults` of the job, its parameters or interval.
  package init(_ record: RunRecord, _ request: RunRequest, _ environment: EngineEnvironment) throws {
    var context = try RunContext(
      request, matrixRowName: record.identity.matrixRow, now: environment.now(), zones: environment.zones)
    context.identity = record.identity
    self.environment = environment
    self.record = record
    self.request = request
    self.context = context
  }

  var references: ReferenceScope { context.references(of: record.id) }

  var session: SessionSettings {
    SessionSettings(
      timeZone: context.zone.name, statementTimeout: request.job.limits.statementTimeout,
      lockTimeout: request.job.limits.lockTimeout)
  }

  /// Hands the job's plan of this day to `body`, with connections that end with it.
  nonisolated(nonsending) func planned<Output>(
    _ body: (Plan, PlanAsker) async throws -> Output
  ) async throws -> Output {
    let asker = PlanAsker(environment: environment, job: request.job.name, run: nil, session: session)
    let result: Result<Output, any Error>
    do {
      let plan = try await asker.plan(
        PlanRequest(
          job: request.job, references: references, connections: environment.project.connections))
      result = .success(try await body(plan, asker))
    } catch {
      result = .failure(error)
    }
    await asker.close()
    return try result.get()
  }
}
