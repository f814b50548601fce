internal import Model
internal import Runtime
internal import StateStore

/// `tidemark audit`: the trail of what happened, to one run or to everything.
enum AuditCommand {
  static let spec = CommandSpec(
    name: "audit", summary: "Print the audit trail: what happened to a run, or to everything, and when",
    operands: [.init(name: "RUN|JOB", help: "only this run, or this job's newest", isRequired: false)],
    options: [
      OptionSpec("since", value: "TIME", help: "RFC 3339, or a date in UTC; without a run only"),
      OptionSpec("limit", value: "N", help: "how many at most, the newest ones (default 200)"),
    ],
    example: "tidemark audit --since 2026-03-14",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let limit = try invocation.integer("limit", in: 1...1_000_000) ?? 200
    let since = try invocation.instant("since", try ZoneFiles.system.rules(named: "UTC"))
    let store = try await context.openStoreToRead()
    var events: [EventRecord]
    if let name = invocation.operands.first {
      let run = try await context.run(named: name, in: store)
      events = try await store.events(of: run.id).filter { event in since.map { event.at >= $0 } ?? true }
      events = Array(events.suffix(limit))
    } else {
      events = try await store.events(since: since ?? Instant(microseconds: 0), limit: limit).reversed()
    }
    await store.close()
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([.init("events", .array(events.map { EventText($0).json }))]).prettyText)
    } else if events.isEmpty {
      Terminal.print("Nothing has happened.")
    } else {
      for event in events {
        Terminal.print(
          invocation.operands.isEmpty ? "\(event.subject)  \(EventText(event).line)" : EventText(event).line)
      }
    }
    return .ok
  }
}
