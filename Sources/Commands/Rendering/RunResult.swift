internal import Engine
internal import Model
internal import Runtime
internal import StateStore

/// Tells how a run ended: a summary for people, one JSON document for programs.
struct RunResult {
  private let outcome: RunOutcome
  private let job: JobName
  private let row: String
  /// Of the interval that had been made before.
  private let label: String?

  /// - Throws: `Faults` of the request's parameters, zone or interval.
  init(_ outcome: RunOutcome, of request: RunRequest, row: String) throws {
    self.outcome = outcome
    job = request.job.name
    self.row = row
    if case .alreadyDone(let record) = outcome, let interval = record.identity.interval {
      var request = request
      request.choice = .range(interval)
      label = try RunContext(request, matrixRowName: row, now: SystemClock.now, zones: .system).label
    } else {
      label = nil
    }
  }

  private var name: String { job.subject(row: row) }

  /// For a command that is about one run.
  func tell(_ invocation: Invocation) -> ExitCode {
    if invocation.has("json") {
      Terminal.print(json.prettyText)
    } else {
      for line in lines { Terminal.print(line) }
    }
    return code(invocation)
  }

  func code(_ invocation: Invocation) -> ExitCode {
    if case .alreadyDone = outcome, invocation.has("strict") { return .heldByAnother }
    return .ok
  }

  var json: JSONValue {
    switch outcome {
    case .succeeded(let summary):
      .object([.init("outcome", .string("succeeded"))] + summary.json.members)
    case .alreadyDone(let record):
      .object([
        .init("outcome", .string("already_done")), .init("run", .string(record.id.text)),
        .init("job", .string(job.text)), .init("matrix_row", .optional(row.isEmpty ? nil : row)),
        .init("interval", .optional(label)), .init("revision", .integer(record.revision)),
        .init("finished_at", .optional(record.finishedAt?.text())),
      ])
    case .fireTaken(let fire):
      .object([
        .init("outcome", .string("fire_taken")), .init("run", .optional(fire.run?.text)),
        .init("job", .string(job.text)), .init("matrix_row", .optional(row.isEmpty ? nil : row)),
        .init("fire", .string(fire.key.fire.text())), .init("fire_outcome", .string(fire.outcome.rawValue)),
      ])
    }
  }

  var lines: [String] {
    switch outcome {
    case .succeeded(let summary): lines(summary)
    case .alreadyDone(let record):
      [
        "\(name)\(label.map { "  \($0)" } ?? ""): done before, by run \(record.id)\(record.finishedAt.map { " at \($0.text())" } ?? "")"
      ]
        + (record.isEarly
          ? ["  Its interval had not ended then: what came since it began to read is not in it"] : [])
        + ["  To make it again as a new revision: --again"]
    case .fireTaken(let fire):
      ["\(name): the fire at \(fire.key.fire.text()) is \(fire.outcome.rawValue) already"]
    }
  }

  private func lines(_ summary: RunSummary) -> [String] {
    let style = Terminal.outputStyle
    let rows = summary.rows
    var head = style.green("✓") + " " + style.bold(name)
    if let label = summary.label { head += "  \(label)" }
    if summary.revision > 1 { head += "  revision \(summary.revision)" }
    head += style.dim("  \(summary.run)")
    let rejected = rows.quarantined + rows.dropped
    var lines = [
      head,
      "  read \(Quantity.counted(rows.read, "row")) (\(Quantity.bytes(rows.bytes))) in \(Quantity.counted(Int64(summary.chunks), "chunk")), "
        + "kept \(Quantity.count(rows.kept)), filtered \(Quantity.count(rows.filtered)), rejected \(Quantity.count(rejected))",
      "  result \(Quantity.counted(summary.resultRows, "row")) in \(Quantity.seconds(summary.seconds)), "
        + "\(Quantity.rate(rows.read, summary.seconds)) rows/s",
    ]
    for lookup in summary.lookups {
      lines.append(
        "  \(lookup.step): \(Quantity.counted(lookup.hits, "row")) found, \(Quantity.count(lookup.misses)) not"
      )
    }
    for sink in summary.sinks {
      let replaced = sink.deleted > 0 ? ", replacing \(Quantity.count(sink.deleted))" : ""
      lines.append(
        sink.wasPublished
          ? "  → \(sink.target): published before"
          : "  → \(sink.target): \(Quantity.counted(sink.rows, "row"))\(replaced)")
    }
    if let origin = summary.replayOf { lines.append("  with the rows of run \(origin) that were replayed") }
    if rows.quarantined > 0 {
      lines.append(
        "  \(style.yellow("!")) \(Quantity.counted(rows.quarantined, "row")) in quarantine: `tidemark quarantine show \(summary.run)`"
      )
    }
    for warning in summary.warnings { lines.append("  \(style.yellow("!")) \(warning)") }
    return lines
  }
}
