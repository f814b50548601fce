internal import Model
internal import StateStore

/// `tidemark quarantine`: the rows that were rejected, with their reasons.
enum QuarantineCommand {
  static let spec = CommandSpec(
    name: "quarantine", summary: "List, show, export, replay or purge rejected rows",
    discussion: """
      list [JOB]     counts by run and step
      show RUN|JOB   the rows of a run, with every rule they broke; of a job its newest run that has such rows
      export RUN|JOB the same as JSON Lines, or with --json as one document
      replay RUN     puts the rows of a succeeded run through the job's present steps and lookups, and publishes
                     what passes together with the rest as its next revision; what fails again stays
      purge RUN      deletes the rows of a run that is over; the counts stay
      """,
    operands: [
      .init(name: "list|show|export|replay|purge", help: "what to do"),
      .init(name: "RUN|JOB", help: "a run's id; for list, show and export also a job", isRequired: false),
    ],
    options: [
      OptionSpec("limit", value: "N", help: "rows to show (default 20; export: all)"),
      OptionSpec("force", help: "replay: let mode `replace` put an older interval over a newer one"),
    ],
    example: "tidemark quarantine list",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let isChange = ["replay", "purge"].contains(invocation.operands[0])
    let store = try await isChange ? context.openStore() : context.openStoreToRead()
    let target = invocation.operands.count > 1 ? invocation.operands[1] : nil
    var code = ExitCode.ok
    switch invocation.operands[0] {
    case "list":
      try await list(invocation, store, context, job: target)
    case "show":
      let run = try await run(named: target, store, context, orJob: true).id
      try await show(invocation, store, run: run)
    case "export":
      let run = try await run(named: target, store, context, orJob: true).id
      try await export(invocation, store, run: run)
    case "replay":
      let origin = try await run(named: target, store, context)
      code = try await QuarantineReplay(invocation: invocation, context: context, store: store).replay(origin)
    case "purge":
      let run = try await run(named: target, store, context).id
      let count = try await store.purgeQuarantine(of: run)
      Terminal.print(
        invocation.has("json")
          ? JSONValue.object([.init("run", .string(run.text)), .init("rows_deleted", .integer(count))])
            .prettyText
          : "\(count) rows of run \(run) are deleted")
    default:
      throw Fault(
        "bad_value", .usage, "`tidemark quarantine` does not know `\(invocation.operands[0])`",
        hint: "It knows list, show, export, replay and purge")
    }
    await store.close()
    return code
  }

  /// The run that is named: one that is misspelt must not look like one without rejected rows.
  /// - Parameter orJob: whether a job stands for its newest run with rejected rows.
  private static func run(
    named target: String?, _ store: Store, _ context: ProjectContext, orJob: Bool = false
  ) async throws -> RunRecord {
    let hint = "`tidemark quarantine list` shows runs with rejected rows"
    guard let target else { throw Fault("missing_operand", .usage, "Name the run", hint: hint) }
    var id = RunID(target)
    if case .job(let job) = try await context.subject(target, in: store) {
      let newest = try await store.quarantineSummary(
        project: context.project.name, job: job.name, matrixRow: job.row, limit: 1
      ).first
      guard let newest else { throw ProjectContext.no("run with rejected rows", of: job) }
      guard orJob else {
        throw Fault(
          "no_such_run", .notFound, "`\(target)` is a job, and what changes something takes a run",
          hint: "Its newest run with rejected rows is \(newest.run)")
      }
      id = newest.run
    }
    guard let run = try await store.run(id), run.identity.project == context.project.name else {
      throw Fault("no_such_run", .notFound, "There is no run `\(target)`", hint: hint)
    }
    return run
  }

  private static func limit(_ invocation: Invocation) throws(Fault) -> Int? {
    try invocation.integer("limit", in: 1...1_000_000_000)
  }

  private static func list(
    _ invocation: Invocation, _ store: Store, _ context: ProjectContext, job name: String?
  ) async throws {
    var job: NamedJob?
    if let name { job = try await context.named(name, in: store) }
    let items = try await store.quarantineSummary(
      project: context.project.name, job: job?.name, matrixRow: job?.row, limit: try limit(invocation) ?? 1000
    )
    if invocation.has("json") {
      let list: [JSONValue] = items.map { item in
        .object([
          .init("run", .string(item.run.text)), .init("job", .string(item.job.text)),
          .init("matrix_row", .optional(item.matrixRow.isEmpty ? nil : item.matrixRow)),
          .init("step", .string(item.step)), .init("rows", .integer(item.rows)),
          .init("replayed", .integer(item.replayed)),
        ])
      }
      Terminal.print(JSONValue.object([.init("quarantine", .array(list))]).prettyText)
    } else if items.isEmpty {
      Terminal.print("No rows are in quarantine.")
    } else {
      let rows = items.map {
        [
          $0.run.text, $0.job.subject(row: $0.matrixRow), $0.step,
          Quantity.count(Int64($0.rows)),
          Quantity.count(Int64($0.replayed)),
        ]
      }
      let table = TextTable(
        header: ["run", "job", "step", "rows", "replayed"], rows: rows, numeric: [3, 4])
      for line in table.lines {
        Terminal.print(line)
      }
    }
  }

  private static func show(_ invocation: Invocation, _ store: Store, run: RunID) async throws {
    let records = try await store.rejections(of: run, limit: try limit(invocation) ?? 20)
    if invocation.has("json") {
      Terminal.print(JSONValue.object([.init("rows", .array(try records.map { try json($0) }))]).prettyText)
      return
    }
    if records.isEmpty { Terminal.print("Run \(run) has no rows in quarantine.") }
    for record in records {
      let rejection = record.rejection
      let key = rejection.key.map { "\($0.name)=\($0.text ?? "NULL")" }.joined(separator: " ")
      Terminal.print(
        "chunk \(record.chunk) row \(rejection.ordinal)  \(FaultText.oneLine(key))  fails \(FaultText.oneLine(rejection.step))"
      )
      for rule in rejection.broken {
        Terminal.print("  \(rule.rule)  [\(rule.reason)]  \(FaultText.oneLine(rule.detail))")
      }
      Terminal.print("  \(FaultText.oneLine(rejection.row))")
    }
  }

  /// Page by page: there may be more rows than memory.
  private static func export(_ invocation: Invocation, _ store: Store, run: RunID) async throws {
    let isDocument = invocation.has("json")
    var cursor = RejectionCursor.start
    var left = try limit(invocation) ?? .max
    var separator = ""
    if isDocument { Terminal.print("{\"rows\": [") }
    while left > 0 {
      let page = try await store.rejections(of: run, after: cursor, limit: min(left, 1000))
      guard let last = page.last else { break }
      for record in page {
        Terminal.print(separator + (try json(record).text))
        if isDocument { separator = ", " }
      }
      cursor = RejectionCursor(after: last)
      left -= page.count
    }
    if isDocument { Terminal.print("]}") }
  }

  private static func json(_ record: StoredRejection) throws(Fault) -> JSONValue {
    let rejection = record.rejection
    return .object([
      .init("chunk", .integer(record.chunk.number)), .init("row", .integer(rejection.ordinal)),
      .init("step", .string(rejection.step)),
      .init("key", .object(rejection.key.map { .init($0.name, .optional($0.text)) })),
      .init(
        "broken",
        .array(
          rejection.broken.map {
            .object([
              .init("rule", .string($0.rule)), .init("reason", .string($0.reason)),
              .init("detail", .string($0.detail)),
            ])
          })),
      .init("values", try JSONValue(parsing: rejection.row)),
    ])
  }
}
