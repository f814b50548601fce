internal import Model
internal import StateStore

/// `tidemark report`: a run's receipt, to be kept or handed on.
enum ReportCommand {
  static let spec = CommandSpec(
    name: "report", summary: "Print a run's receipt: what it was for, read, rejected and published",
    operands: [.init(name: "RUN|JOB", help: "a run's id, or a job for its newest success")],
    example: "tidemark report daily-revenue --json > receipt.json",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let store = try await context.openStoreToRead()
    let record = try await context.succeededRun(named: invocation.operands[0], in: store)
    let receipt = try await store.receipt(of: record.id)
    let attempts = try await store.attempts(of: record.id)
    let sinks = try await store.sinkMarks(of: record.id)
    await store.close()
    guard let receipt else {
      throw Fault(
        "no_receipt", .notFound, "Run \(record.id) is \(record.state.rawValue) and has no receipt yet",
        hint: "`tidemark show \(record.id)` says where it stands")
    }
    let members =
      receipt.members + [
        .init("state", .string(record.state.rawValue)), .init("started_at", .string(record.createdAt.text())),
        .init("finished_at", .optional(record.finishedAt?.text())),
        .init("attempts", .array(attempts.map(json))),
        .init("commits", .array(sinks.map(json))),
      ]
    if invocation.has("json") {
      Terminal.print(JSONValue.object(members).prettyText)
    } else {
      tell(members)
    }
    return .ok
  }

  private static func json(_ attempt: AttemptRecord) -> JSONValue {
    .object([
      .init("host", .string(attempt.owner.host)), .init("pid", .integer(Int(attempt.owner.processID))),
      .init("from", .string(attempt.owner.since.text())), .init("to", .optional(attempt.endedAt?.text())),
      .init("end", .optional(attempt.endState?.rawValue)), .init("fault", .optional(attempt.fault?.code)),
    ])
  }

  private static func json(_ sink: SinkMark) -> JSONValue {
    .object([
      .init("sink", .string(sink.sink)), .init("rows", .integer(sink.rowCount)),
      .init("result_hash", .string(sink.resultHash)),
      .init("committed_at", .optional(sink.committedAt?.text())),
    ])
  }

  /// Name and value, a line each; lists of things indented under their name.
  private static func tell(_ members: [JSONValue.Member]) {
    let width = members.map(\.name.count).max() ?? 0
    for member in members where member.value != .null {
      let name = member.name + String(repeating: " ", count: width - member.name.count)
      if case .array(let items) = member.value, items.contains(where: { !$0.members.isEmpty }) {
        Terminal.print("\(member.name)")
        for item in items { Terminal.print("  " + words(item)) }
      } else {
        Terminal.print("\(name)  \(words(member.value))")
      }
    }
  }

  private static func words(_ value: JSONValue) -> String {
    switch value {
    case .object(let members):
      members.isEmpty
        ? "-"
        : members.filter { $0.value != .null }.map { "\($0.name)=\(words($0.value))" }.joined(separator: "  ")
    case .array(let items): items.isEmpty ? "-" : items.map(words).joined(separator: "; ")
    default: value.stringValue.map(FaultText.oneLine) ?? value.text
    }
  }
}
