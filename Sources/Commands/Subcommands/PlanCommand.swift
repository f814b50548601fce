internal import Engine
internal import JobFiles
internal import Model
internal import Planning
internal import Runtime
internal import StateStore

/// `tidemark plan`: what a run would read, and how it would be cut, without running it.
enum PlanCommand {
  static let spec = CommandSpec(
    name: "plan", summary: "Show what a run would do: columns, types, chunks and why, without running it",
    operands: [.init(name: "JOB", help: "jobs/NAME.yaml, or NAME")],
    options: RunCommand.spec.options.filter {
      ["set", "for", "interval-start", "interval-end"].contains($0.name)
    },
    example: "tidemark plan daily-revenue",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let (reading, rowName) = try context.job(invocation.operands[0])
    FaultReport.warn(reading.warnings)
    let store = try await context.openStoreToRead()
    let environment = context.environment(store: store) { _, _ in }
    let parameters = try RunCommand.parameters(invocation)
    let rows = JobRows(reading.job, context.queries, parameters: parameters)
    for (name, row) in try await rows.rows(named: rowName) {
      var request = RunRequest(
        job: reading.job, jobText: reading.text, jobHash: reading.hash, project: context.project,
        choice: .latest, parameters: parameters, matrixRow: row)
      request.choice = try RunCommand.choice(invocation, request)
      let (plan, unseen) = try await PlanPreview(environment).plan(request, matrixRowName: name)
      FaultReport.warn(unseen)
      if invocation.has("json") {
        Terminal.print(PlanText(plan, stores: reading.job.sinks).json.prettyText)
      } else {
        if !name.isEmpty { Terminal.print("\(reading.job.name)[\(name)]") }
        for line in PlanText(plan, stores: reading.job.sinks).lines { Terminal.print(line) }
      }
    }
    await store.close()
    return .ok
  }
}
