internal import Engine
internal import Model
internal import StateStore

/// Tells how a run ended: a summary for people, one JSON document for programs.
struct RunResult {
  var outcome: RunOutcome
  var job: JobName
  var row: String

  private var name: String { row.isEmpty ? job.text : "\(job)[\(row)]" }

  func tell(_ invocation: Invocation) -> ExitCode {
    switch outcome {
    case .succeeded(let summary):
      if invocation.has("json") {
        Terminal.print(
          JSONValue.object([.init("outcome", .string("succeeded"))] + summary.json.members).prettyText)
      } else {
        for line in lines(summary) { Terminal.print(line) }
      }
      return .ok
    case .alreadyDone(let record):
      let sentence =
        "\(name): done before, by run \(record.id)\(record.finishedAt.map { " at \($0.text())" } ?? "")"
      if invocation.has("json") {
        Terminal.print(
          JSONValue.object([
            .init("outcome", .string("already_done")), .init("run", .string(record.id.text)),
            .init("job", .string(job.text)), .init("revision", .integer(record.revision)),
          ]).prettyText)
      } else {
        Terminal.print(sentence)
        Terminal.print("  To make it again as a new revision: --again")
      }
      return invocation.has("strict") ? .heldByAnother : .ok
    case .fireTaken(let fire):
      Terminal.print("\(name): the fire at \(fire.key.fire.text()) is \(fire.outcome.rawValue) already")
      return .ok
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
