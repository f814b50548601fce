internal import Engine
internal import Model
internal import StateStore

/// `tidemark diff`: what two runs have made otherwise.
enum DiffCommand {
  static let spec = CommandSpec(
    name: "diff", summary: "Compare the results of two runs or revisions, row by row and digit for digit",
    discussion: """
      With one name the newest success is compared with the revision before it. The rows come from the runs' own
      checkpoints, so that a revision can be compared that another has replaced.
      """,
    operands: [
      .init(name: "RUN|JOB", help: "the older run; or a job, or one run, for the revision before"),
      .init(name: "RUN", help: "the newer run", isRequired: false),
    ],
    options: [OptionSpec("strict", help: "exit 4 instead of 0 where they differ")],
    example: "tidemark diff daily-revenue",
    run: { try await run($0) })

  /// Rows of one result that are held in memory.
  private static let limit = 1_000_000

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let store = try await context.openStoreToRead()
    let (old, new) = try await runs(invocation, context, store)
    let left = try await result(of: old, context, store)
    let right = try await result(of: new, context, store)
    await store.close()
    guard left.columns.map(\.name) == right.columns.map(\.name) else {
      throw Fault(
        "not_comparable", .usage, "The results of \(old.id) and \(new.id) have different columns",
        hint: "Compare two runs of one job")
    }
    var comparison = RowComparison(
      columns: left.columns.map(\.name),
      hidden: Set(left.columns.indices.filter { left.columns[$0].isSensitive }), key: left.key)
    comparison.compare(published: left.rows, computed: right.rows, ignoringSurplus: false)
    let text = DifferenceText(
      differing: comparison.differing, differences: comparison.shown, left: old.id.text, right: new.id.text)
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([
          .init("runs", .array([.string(old.id.text), .string(new.id.text)])),
          .init("equal_rows", .integer(comparison.equal)),
          .init("differing_rows", .integer(comparison.differing)), .init("differences", text.json),
        ]).prettyText)
    } else {
      Terminal.print(
        "\(new.identity.subject): revision \(old.revision) (\(old.id)) and revision \(new.revision) (\(new.id))"
      )
      let equal = Quantity.counted(Int64(comparison.equal), "row")
      Terminal.print(
        comparison.differing == 0
          ? "  \(equal), all of them the same"
          : "  \(equal) the same, \(Quantity.count(Int64(comparison.differing))) not:")
      for line in text.lines { Terminal.print(line) }
    }
    return comparison.differing > 0 && invocation.has("strict") ? .checkFailed : .ok
  }

  private static func runs(
    _ invocation: Invocation, _ context: ProjectContext, _ store: Store
  ) async throws -> (RunRecord, RunRecord) {
    let first = try await context.succeededRun(named: invocation.operands[0], in: store)
    if invocation.operands.count > 1 {
      return (first, try await context.succeededRun(named: invocation.operands[1], in: store))
    }
    guard let earlier = try await store.succeededRun(before: first) else {
      throw Fault(
        "no_such_run", .notFound,
        "Run \(first.id) is the only success of its \(first.identity.interval == nil ? "job" : "interval")",
        hint: "Name two runs; `tidemark history \(first.identity.job)` lists them")
    }
    return (earlier, first)
  }

  private static func result(
    of record: RunRecord, _ context: ProjectContext, _ store: Store
  ) async throws -> PastResult {
    let result = try await context.pastRun(record, store).result(limit: limit)
    if result.more == 0 { return result }
    throw Fault(
      "too_many_rows", .resource, "More than \(limit) rows of run \(record.id) are too many to compare",
      hint: "Compare the published tables in SQL")
  }
}
