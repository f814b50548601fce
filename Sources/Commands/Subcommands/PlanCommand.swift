internal import Engine
internal import JobFiles
internal import Model
internal import Planning
internal import Runtime
internal import StateStore
internal import Timetable

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
    FaultReport.warn(context.file.warnings + reading.warnings)
    let store = try await context.openStoreToRead()
    let environment = context.environment(store: store) { _, _ in }
    let parameters = try RunCommand.parameters(invocation)
    let rows = JobRows(reading.job, context.queries, parameters: parameters)
    // One document for all rows of a matrix.
    let isOneDocument = rowName == nil && reading.job.matrix != nil
    var plans: [JSONValue] = []
    for (name, row) in try await rows.rows(named: rowName) {
      var request = RunRequest(
        job: reading.job, jobText: reading.text, jobHash: reading.hash, project: context.project,
        choice: .latest, parameters: parameters, matrixRow: row)
      request.choice = try RunCommand.choice(invocation, request)
      let (plan, about, warnings) = try await PlanPreview(environment).plan(request, matrixRowName: name)
      FaultReport.warn(warnings)
      let text = PlanText(plan, stores: try stores(of: reading.job, about))
      if invocation.has("json") {
        plans.append(.object(members(about) + text.json.members))
      } else {
        for line in head(about) + text.lines { Terminal.print(line) }
      }
    }
    await store.close()
    if invocation.has("json") {
      let document = isOneDocument ? JSONValue.object([.init("plans", .array(plans))]) : plans.first
      Terminal.print((document ?? .null).prettyText)
    }
    return .ok
  }

  /// With files as they will be called; what only the run knows stays as it is written.
  private static func stores(of job: Job, _ about: RunContext) throws(Fault) -> [SinkRule] {
    let names = NameResolver(references: about.references(of: RunID("${run.id}")))
    return try job.sinks.map { store throws(Fault) in
      guard case .file(var rule) = store else { return store }
      rule.path = Template(literal: try names.text(rule.path))
      return .file(rule)
    }
  }

  /// What the plan is for, and what is read for it where that is more.
  private static func head(_ about: RunContext) -> [String] {
    let name = about.identity.subject
    guard let spans = about.spans else { return [name] }
    func text(_ range: TimeRange) -> String {
      "\(range.start.text(in: about.zone)) to \(range.end.text(in: about.zone))"
    }
    var lines = [name + (about.label.map { "  \($0)" } ?? ""), "  interval  \(text(spans.interval))"]
    if spans.window != spans.interval { lines.append("  window    \(text(spans.window))") }
    return lines
  }

  private static func members(_ about: RunContext) -> [JSONValue.Member] {
    let row = about.identity.matrixRow
    return [
      .init("job", .string(about.identity.job.text)), .init("matrix_row", .optional(row.isEmpty ? nil : row)),
      .init("interval", .optional(about.label)),
      .init("interval_start", .optional(about.spans?.interval.start.text())),
      .init("interval_end", .optional(about.spans?.interval.end.text())),
      .init("window_start", .optional(about.spans?.window.start.text())),
      .init("window_end", .optional(about.spans?.window.end.text())),
    ]
  }
}
