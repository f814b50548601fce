internal import Expressions
internal import Model

/// What the partials of two runs must have in common to be merged into one result: what is
/// aggregated and by which keys, or which columns the rows have.
///
/// Steps, measures made of others, and `having` are not in it: they may change between a run and the
/// replay of its rejected rows.
package struct PartialSignature: Hashable, Sendable {
  package var text: String

  package init(plan: Plan, zone: String, partialFormat: Int) {
    let pipeline = plan.pipeline
    var lines = ["partials \(partialFormat)", "zone \(zone)"]
    if let aggregate = pipeline.aggregate {
      lines += PipelineText.keys(aggregate, over: pipeline.processed)
      for (call, text) in zip(aggregate.calls, PipelineText.calls(aggregate, over: pipeline.processed)) {
        lines.append("\(text) \(call.type.sqlName)")
      }
    } else {
      for column in pipeline.processed { lines.append("\(column.name) \(column.type.sqlName)") }
    }
    text = lines.joined(separator: "\n")
  }
}
