internal import Expressions
package import Model

/// All that decides what a finished chunk holds, as one text: a finished chunk may be kept only
/// while it stays the same.
///
/// `limits`, `errors`, `checks`, `store` and `notify` are not in it: they may change between a crash
/// and a resume without losing finished chunks, but for the order that a store asks of rows. Neither
/// are the chunks' boundaries, which are saved.
package struct PlanFingerprint: Sendable {
  package var text: String

  /// - Parameters:
  ///   - lookups: hashes of the lookup tables' contents, in the plan's order.
  ///   - keyMarks: tell the keys of `pseudonymise` steps apart, in the plan's order.
  ///   - databases: tell those of the sources' connections apart.
  ///   - zoneVersion: tells versions of the zone data apart.
  ///   - partialFormat: the version of the partials' form.
  package init(
    plan: Plan, identity: RunIdentity, lookups: [String], keyMarks: [String],
    databases: [String: String], zone: String, zoneVersion: String, partialFormat: Int
  ) {
    var lines = ["tidemark plan 2", "partials \(partialFormat)", "identity \(identity.key)"]
    lines.append("zone \(zone) \(zoneVersion)")
    for (number, source) in plan.sources.enumerated() {
      let database = databases[source.connection] ?? "?"
      lines.append("source \(source.name) on \(database) \(source.consistency.rawValue)")
      lines.append("from \(source.relation) where \(source.filter?.text ?? "true")")
      if let chunk = plan.chunks.first(where: { $0.source == number }) {
        lines.append("select \(chunk.columns)")
      }
    }
    for column in plan.pipeline.fetched {
      lines.append("fetched \(column.name) \(column.type.sqlName) \(column.isNullable)")
    }
    for lookup in lookups { lines.append("lookup \(lookup)") }
    for mark in keyMarks { lines.append("pseudonyms \(mark)") }
    for name in plan.rowOrder { lines.append("ordered by \(name)") }
    lines += PipelineText(plan.pipeline, for: .fingerprint).lines
    text = lines.joined(separator: "\n")
  }
}
