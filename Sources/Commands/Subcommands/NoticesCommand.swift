internal import Engine
internal import JobFiles
internal import Model
internal import Runtime
internal import StateStore

/// `tidemark notices`: the outbox, and what becomes of that which could not be delivered.
enum NoticesCommand {
  static let spec = CommandSpec(
    name: "notices", summary: "List the notices of the outbox, try again what gave up, or dismiss it",
    discussion: """
      list             notices, newest first: due, delivered, gave_up, dismissed
      retry ID|all     makes notices that gave up due again, and delivers what is due
      dismiss ID|all   has `status` tell no more of notices that gave up
      """,
    operands: [
      .init(name: "list|retry|dismiss", help: "what to do"),
      .init(
        name: "ID|all", help: "for retry and dismiss: notices, by their ids", isRequired: false,
        isRepeatable: true),
    ],
    options: [
      OptionSpec(
        "only", value: "STATE", help: "list: only those that are due, delivered, gave_up or dismissed"),
      OptionSpec("limit", value: "N", help: "list: how many (default 50)"),
      OptionSpec("reason", value: "TEXT", help: "dismiss: why, for the audit trail"),
    ],
    example: "tidemark notices list --only gave_up",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let names = Array(invocation.operands.dropFirst())
    switch invocation.operands[0] {
    case "list": return try await list(invocation, context)
    case "retry": return try await retry(names, invocation, context)
    case "dismiss": return try await dismiss(names, invocation, context)
    default:
      throw Fault(
        "bad_value", .usage, "`tidemark notices` does not know `\(invocation.operands[0])`",
        hint: "It knows list, retry and dismiss")
    }
  }

  private static func list(_ invocation: Invocation, _ context: ProjectContext) async throws -> ExitCode {
    let state = try invocation.choice("only", NoticeRecord.State.self)
    let limit = try invocation.integer("limit", in: 1...100_000) ?? 50
    let store = try await context.openStoreToRead()
    let notices = try await store.notices(project: context.project.name, state: state, limit: limit)
    await store.close()
    tell(notices, invocation)
    return .ok
  }

  private static func retry(
    _ names: [String], _ invocation: Invocation, _ context: ProjectContext
  ) async throws -> ExitCode {
    let (store, chosen) = try await gaveUp(names, context)
    try await store.retryNotices(chosen)
    let environment = context.environment(store: store) { _, _ in }
    let reading = try context.jobs()
    try await context.deliverNotices(environment, jobs: reading.readings.map(\.job))
    let now = try await store.notices(project: context.project.name, limit: .max).filter {
      chosen.contains($0.id)
    }
    await store.close()
    FaultReport.warn(reading.faults)
    tell(now, invocation)
    return now.allSatisfy { $0.state == .delivered } ? .ok : .runFailed
  }

  private static func dismiss(
    _ names: [String], _ invocation: Invocation, _ context: ProjectContext
  ) async throws -> ExitCode {
    let (store, chosen) = try await gaveUp(names, context)
    try await store.dismissNotices(chosen, by: Person.current, reason: invocation["reason"])
    let now = try await store.notices(project: context.project.name, limit: .max).filter {
      chosen.contains($0.id)
    }
    await store.close()
    tell(now, invocation)
    return .ok
  }

  /// The notices that somebody names, which have given up, and the state that has them.
  private static func gaveUp(
    _ names: [String], _ context: ProjectContext
  ) async throws -> (Store, chosen: [String]) {
    let hint = "`tidemark notices list --only gave_up` shows their ids"
    if names.isEmpty { throw Fault("missing_operand", .usage, "Name the notices, or all", hint: hint) }
    let store = try await context.openStore()
    let given = try await store.notices(project: context.project.name, state: .gaveUp, limit: .max)
    let chosen = names == ["all"] ? given.map(\.id) : names
    if let unknown = chosen.first(where: { id in !given.contains { $0.id == id } }) {
      await store.close()
      throw Fault(
        "no_such_notice", .notFound, "No notice `\(unknown)` has given up",
        hint: DidYouMean.hint(for: unknown, among: given.map(\.id)) ?? hint)
    }
    return (store, chosen)
  }

  private static func tell(_ notices: [NoticeRecord], _ invocation: Invocation) {
    if invocation.has("json") {
      Terminal.print(JSONValue.object([.init("notices", .array(notices.map(json)))]).prettyText)
      return
    }
    if notices.isEmpty { Terminal.print("There are no notices.") }
    let rows = notices.map { notice in
      [
        notice.state.rawValue, notice.job.text, notice.event.rawValue, notice.channel,
        String(notice.createdAt.text().prefix(19)) + "Z", "\(notice.attempts)", notice.id,
        (notice.state == .due ? "next \(notice.nextAttempt.text().prefix(19))Z  " : "")
          + (notice.lastFault.map { FaultText.oneLine($0.sentence) } ?? ""),
      ]
    }
    let table = TextTable(
      header: ["state", "job", "event", "to", "decided", "tries", "id", ""], rows: rows, numeric: [5])
    for line in table.lines where !rows.isEmpty { Terminal.print(line) }
  }

  private static func json(_ notice: NoticeRecord) -> JSONValue {
    .object([
      .init("id", .string(notice.id)), .init("state", .string(notice.state.rawValue)),
      .init("job", .string(notice.job.text)), .init("run", .optional(notice.run?.text)),
      .init("event", .string(notice.event.rawValue)), .init("channel", .string(notice.channel)),
      .init("digest", .optional(notice.digest)), .init("attempts", .integer(notice.attempts)),
      .init("created_at", .string(notice.createdAt.text())),
      .init(
        "next_attempt", notice.state == .due ? .string(notice.nextAttempt.text()) : .null),
      .init("finished_at", .optional(notice.finishedAt?.text())),
      .init("fault", notice.lastFault.map { FaultText(fault: $0).json } ?? .null),
      .init("facts", notice.facts),
    ])
  }
}
