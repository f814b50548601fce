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
    Terminal.print("  \(times(record))")
    if let parameters = line.parameters { Terminal.print("  parameters  \(parameters)") }
    Terminal.print("  chunks      \(record.totals.chunks) done")
    Terminal.print(
      "  rows        read \(Quantity.count(rows.read)), kept \(Quantity.count(rows.kept)), filtered \(Quantity.count(rows.filtered)), "
        + "quarantined \(Quantity.count(rows.quarantined)), dropped \(Quantity.count(rows.dropped))")
    for item in quarantine {
      Terminal.print("  quarantine  \(Quantity.count(Int64(item.rows))) by \(item.step)")
    }
    if let hash = receipt?["result_hash"]?.stringValue { Terminal.print("  result      \(hash.prefix(16))") }
    for sink in receipt?["sinks"]?.elements ?? [] {
      let rows = Quantity.counted(Int64(sink["rows"]?.intValue ?? 0), "row")
      Terminal.print("  published   \(sink["target"]?.stringValue ?? ""): \(rows)")
    }
    for warning in receipt?["warnings"]?.elements ?? [] {
      Terminal.print("  \(Terminal.outputStyle.yellow("!"))           \(warning.stringValue ?? "")")
    }
    Terminal.print("")
    for event in events {
      Terminal.print("  \(EventText(event).line)")
    }
    // What a run overcame, or was ended with by somebody, stands in its trail.
    if let fault = record.fault, !record.state.isFinal {
      Terminal.print("")
      Terminal.print(FaultText(fault: fault).text)
    }
    Terminal.print("")
    Terminal.print("Next: \(line.next)")
    return .ok
  }

  /// When it began and ended, or was last heard of.
  private static func times(_ record: RunRecord) -> String {
    func short(_ moment: Instant) -> String { Instant(seconds: moment.seconds).text() }
    guard let end = record.finishedAt else {
      return "began       \(short(record.createdAt)), last change \(short(record.updatedAt))"
    }
    let seconds = Double(end.microseconds - record.createdAt.microseconds) / 1e6
    return "began       \(short(record.createdAt)), over \(Quantity.seconds(max(seconds, 0))) later"
  }

  private static func json(_ event: EventRecord) -> JSONValue {
    .object([
      .init("at", .string(event.at.text())), .init("name", .string(event.name)), .init("facts", event.body),
    ])
  }
}
