internal import Model
internal import Runtime
internal import StateStore

/// `tidemark history`: the runs of a job, newest first.
enum HistoryCommand {
  static let spec = CommandSpec(
    name: "history", summary: "List runs, newest first",
    operands: [.init(name: "JOB", help: "only this job", isRequired: false)],
    options: [OptionSpec("limit", value: "N", help: "how many (default 20)")],
    example: "tidemark history daily-revenue --limit 50",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let store = try await context.openStoreToRead()
    let limit = try invocation.integer("limit", in: 1...100_000) ?? 20
    var filter = RunFilter(project: context.project.name, limit: limit)
    if let name = invocation.operands.first {
      let job = try await context.named(name, in: store)
      (filter.job, filter.matrixRow) = (job.name, job.row)
    }
    let runs = try await store.runs(filter)
    let intervals = try IntervalText(context)
    var lines: [RunLine] = []
    for record in runs {
      lines.append(try await RunLine(record, in: store, now: SystemClock.now, intervals: intervals))
    }
    if invocation.has("json") {
      Terminal.print(JSONValue.object([.init("runs", .array(lines.map(\.json)))]).prettyText)
    } else if runs.isEmpty {
      Terminal.print("No runs yet.")
    } else {
      let hasParameters = lines.contains { $0.parameters != nil }
      let rows = zip(runs, lines).map { record, line in
        [
          record.createdAt.text().prefix(19) + "Z", line.name, line.interval, "\(record.revision)",
          record.state.rawValue, Quantity.count(record.totals.rows.read), record.id.text,
        ] + (hasParameters ? [line.parameters ?? ""] : [])
      }
      for line in TextTable(
        header: ["started", "job", "interval", "rev", "state", "rows read", "run"]
          + (hasParameters ? ["parameters"] : []), rows: rows, numeric: [3, 5]
      ).lines { Terminal.print(line) }
    }
    await store.close()
    return .ok
  }
}
