internal import Model
internal import Runtime
internal import StateStore

/// `tidemark show`: all that is known of one run, ending with what to do next.
enum ShowCommand {
  static let spec = CommandSpec(
    name: "show", summary: "Show one run in full: what it did, what happened to it, what to do next",
    operands: [.init(name: "RUN|JOB", help: "a run's id, or a job for its newest run")],
    example: "tidemark show daily-revenue",
    run: { try await run($0) })

  private static func run(_ invocation: Invocation) async throws -> ExitCode {
    let context = try ProjectContext(invocation)
    let store = try await context.openStoreToRead()
    let record = try await context.run(named: invocation.operands[0], in: store)
    let now = SystemClock.now
    let retries = try await RetryTimes(context, store)
    let line = try await RunLine(
      record, in: store, now: now, intervals: IntervalText(context), retry: retries.text(record.id))
    let events = try await store.events(of: record.id)
    let receipt = try await store.receipt(of: record.id)
    let quarantine = try await store.quarantineSummary(
      project: context.project.name, job: record.identity.job, run: record.id, limit: 1000)
    await store.close()
    if invocation.has("json") {
      Terminal.print(
        JSONValue.object([
          .init("run", line.json), .init("receipt", receipt ?? .null),
          .init("events", .array(events.map(ShowCommand.json))),
          .init(
            "quarantine",
            .array(
              quarantine.map { .object([.init("step", .string($0.step)), .init("rows", .integer($0.rows))]) })
          ),
        ]).prettyText)
      return .ok
    }
    let rows = record.totals.rows
    Terminal.print("\(line.name)  \(record.state.rawValue)  \(record.id)  revision \(record.revision)")
    Terminal.print("  interval    \(line.interval)")
    if let parameters = line.parameters { Terminal.print("  parameters  \(parameters)") }
    Terminal.print("  chunks      \(record.totals.chunks) done")
    Terminal.print(
      "  rows        read \(Quantity.count(rows.read)), kept \(Quantity.count(rows.kept)), filtered \(Quantity.count(rows.filtered)), "
        + "quarantined \(Quantity.count(rows.quarantined)), dropped \(Quantity.count(rows.dropped))")
    for item in quarantine {
      Terminal.print("  quarantine  \(Quantity.count(Int64(item.rows))) by \(item.step)")
    }
    if let hash = receipt?["result_hash"]?.stringValue { Terminal.print("  result      \(hash.prefix(16))") }
    Terminal.print("")
    for event in events {
      Terminal.print("  \(EventText(event).line)")
    }
    // What a run overcame stands in its trail.
    if let fault = record.fault, record.state != .succeeded {
      Terminal.print("")
      Terminal.print(FaultText(fault: fault).text)
    }
    Terminal.print("")
    Terminal.print("Next: \(line.next)")
    return .ok
  }

  private static func json(_ event: EventRecord) -> JSONValue {
    .object([
      .init("at", .string(event.at.text())), .init("name", .string(event.name)), .init("facts", event.body),
    ])
  }
}
