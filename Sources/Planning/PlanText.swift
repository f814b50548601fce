internal import Expressions
package import Model

/// A plan for people and for programs.
package struct PlanText: Sendable {
  private let plan: Plan
  private let stores: [SinkRule]
  /// Chunks shown one by one before the rest is counted.
  private static let shownChunks = 12

  package init(_ plan: Plan, stores: [SinkRule]) {
    self.plan = plan
    self.stores = stores
  }

  package var lines: [String] {
    var lines: [String] = []
    for (number, source) in plan.sources.enumerated() {
      let chunks = plan.chunks.filter { $0.source == number }
      lines.append("source \(source.name) on connection \(source.connection)")
      lines.append("  reads   \(source.relation)")
      if let filter = source.filter { lines.append("  where   \(PlanText.oneLine(filter.text))") }
      // What a query reads is the server's to know.
      if !source.locked.isEmpty {
        lines.append("  locks   \(source.locked.map(\.description).joined(separator: ", "))")
      }
      lines.append("  rows    about \(Int64(estimate: source.estimatedRows))")
      lines.append("  chunks  \(chunks.count) by \(source.chunking.rawValue): \(source.reason)")
      for chunk in chunks.prefix(PlanText.shownChunks) {
        lines.append("          \(chunk.id)  \(chunk.range)")
      }
      if chunks.count > PlanText.shownChunks {
        lines.append("          and \(chunks.count - PlanText.shownChunks) more")
      }
      lines.append(
        "  resume  \(source.onResume.rawValue)"
          + (source.onResume == .auto && !source.isProvable
            ? ": a query or view cannot be proved unchanged, so it is read again" : ""))
    }
    if !plan.pushedDown.isEmpty {
      lines.append("moved into Postgres")
      for condition in plan.pushedDown { lines.append("  \(condition)") }
    }
    lines.append("fetched")
    for column in plan.pipeline.fetched { lines.append("  \(PlanText.name(column)) \(column.type.sqlName)") }
    for lookup in plan.lookups {
      lines.append(
        "lookup of step `\(lookup.step)` by \(lookup.key.map { ExpressionPrinter.name($0.name) }.joined(separator: ", "))"
      )
    }
    lines += PipelineText(plan.pipeline, for: .people).lines
    lines.append("result")
    for column in plan.result {
      lines.append(
        "  \(PlanText.name(column)) \(column.type.sqlName)\(column.isSensitive ? " (sensitive)" : "")")
    }
    lines.append("store")
    for store in stores { lines.append("  \(PlanText.line(store))") }
    return lines
  }

  private static func line(_ store: SinkRule) -> String {
    switch store {
    case .table(let rule):
      "table \(rule.connection.source.text):\(rule.name.source.text) by \(rule.mode.rawValue), "
        + (rule.publishPerChunk ? "each chunk as soon as it is done" : "all at once at the end")
    case .file(let rule): "file \(rule.path.source.text)"
    }
  }

  package var json: JSONValue {
    .object([
      .init("sources", .array(plan.sources.map(json))),
      .init("chunks", .integer(plan.chunks.count)),
      .init("fetched", .array(plan.pipeline.fetched.map(json))),
      .init("pushed_down", .array(plan.pushedDown.map { .string($0.text) })),
      .init("steps", .array(PipelineText(plan.pipeline, for: .people).lines.map(JSONValue.string))),
      .init("result", .array(plan.result.map(json))),
      .init("store", .array(stores.map(json))),
    ])
  }

  private func json(_ store: SinkRule) -> JSONValue {
    switch store {
    case .table(let rule):
      .object([
        .init("table", .string(rule.name.source.text)),
        .init("connection", .string(rule.connection.source.text)),
        .init("mode", .string(rule.mode.rawValue)),
        .init("publish", .string(rule.publishPerChunk ? "per_chunk" : "at_end")),
        .init("create", .boolean(rule.create)),
      ])
    case .file(let rule): .object([.init("file", .string(rule.path.source.text))])
    }
  }

  private func json(_ source: PlannedSource) -> JSONValue {
    .object([
      .init("name", .string(source.name)), .init("connection", .string(source.connection)),
      .init("chunking", .string(source.chunking.rawValue)), .init("reason", .string(source.reason)),
      .init("estimated_rows", .integer(Int64(estimate: source.estimatedRows))),
      .init("locks", .array(source.locked.map { .string($0.description) })),
      .init("consistency", .string(source.consistency.rawValue)),
      .init("on_resume", .string(source.onResume.rawValue)),
    ])
  }

  private func json(_ column: ColumnSchema) -> JSONValue {
    .object([
      .init("name", .string(column.name)), .init("type", .string(column.type.sqlName)),
      .init("nullable", .boolean(column.isNullable)),
    ])
  }

  private static func name(_ column: ColumnSchema) -> String { ExpressionPrinter.name(column.name) }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).map { line in
      String(line.drop(while: \.isWhitespace))
    }.filter { !$0.isEmpty }.joined(separator: " ")
  }
}
