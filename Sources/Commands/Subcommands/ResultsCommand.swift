internal import Engine
internal import Model
internal import StateStore

/// `tidemark results`: the rows that a run has published, made once more out of its partials.
enum ResultsCommand {
  static let spec = CommandSpec(
    name: "results", summary: "Show the rows that a run published, from its own checkpoints",
    discussion: """
      The rows are merged anew from the run's partials in the state store, as long as `retention.runs` keeps them: also
      those of a revision that another has replaced. Columns under `sensitive` are not shown.
      """,
    operands: [.init(name: "RUN|JOB", help: "a run's id, or a job for its newest success")],
    options: [OptionSpec("limit", value: "N", help: "rows to show (default 50)")],
    example: "tidemark results daily-revenue --limit 10",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let limit = try invocation.integer("limit", in: 1...1_000_000) ?? 50
    let store = try await context.openStoreToRead()
    let record = try await context.succeededRun(named: invocation.operands[0], in: store)
    let result = try await context.pastRun(record, store).result(limit: limit)
    await store.close()
    let rows = result.rows.map { row in
      zip(row, result.columns).map { $1.isSensitive ? "(not shown)" : $0 }
    }
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([
          .init("run", .string(record.id.text)), .init("job", .string(record.identity.job.text)),
          .init("revision", .integer(record.revision)),
          .init("columns", .array(result.columns.map { .string($0.name) })),
          .init("rows", .array(rows.map { .array($0.map(JSONValue.optional)) })),
          .init("more", .integer(result.more)),
        ]).prettyText)
      return .ok
    }
    Terminal.print(
      "\(record.identity.subject)  \(record.id)  revision \(record.revision)"
        + (record.state == .succeeded ? "" : "  (\(record.state.rawValue): not all of it is published)"))
    let table = TextTable(
      header: result.columns.map(\.name), rows: rows.map { $0.map { FaultText.oneLine($0 ?? "∅") } },
      numeric: Set(result.columns.indices.filter { result.columns[$0].isNumber }))
    for line in table.lines { Terminal.print("  " + line) }
    if result.more > 0 { Terminal.print("  and \(Quantity.count(result.more)) more: --limit shows them") }
    return .ok
  }
}
