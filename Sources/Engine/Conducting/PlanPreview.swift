package import Model
package import Planning
internal import Postgres

/// Makes the plan that a run would have, and runs nothing.
package struct PlanPreview: Sendable {
  private let environment: EngineEnvironment

  package init(_ environment: EngineEnvironment) {
    self.environment = environment
  }

  /// - Returns: the plan, what it is for, and what a run would be refused later, or could not be looked at from
  ///   here.
  /// - Throws: `Fault` or `Faults`, as a run would.
  package func plan(
    _ request: RunRequest, matrixRowName: String
  ) async throws -> (plan: Plan, context: RunContext, warnings: [Fault]) {
    let context = try RunContext(
      request, matrixRowName: matrixRowName, now: environment.now(), zones: environment.zones)
    var references = context.references
    references["run.id"] = .value(.text("(run id)"), .text)
    let asker = PlanAsker(
      environment: environment, job: request.job.name, run: nil,
      session: SessionSettings(
        timeZone: context.zone.name, statementTimeout: request.job.limits.statementTimeout,
        lockTimeout: request.job.limits.lockTimeout))
    do {
      let plan = try await asker.plan(
        PlanRequest(job: request.job, references: references, connections: environment.project.connections))
      let warnings = try await Publisher.inspect(
        TargetResolver(
          job: request.job, context: context, references: references,
          connections: environment.project.connections, isForced: false),
        plan, asker, environment: environment)
      await asker.close()
      return (plan, context, warnings)
    } catch {
      await asker.close()
      throw error
    }
  }
}
