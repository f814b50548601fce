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
      let texts = PipelineText(pipeline, for: .fingerprint)
      lines += texts.keys(aggregate)
      for (call, text) in zip(aggregate.calls, texts.calls(aggregate)) {
        // Of one result type there are sums of several inner forms.
        let types = (call.arguments + call.order.map(\.expression)).map(\.type.sqlName)
        lines.append("\(text) (\(types.joined(separator: ", "))) \(call.type.sqlName)")
      }
    } else {
      for column in pipeline.processed { lines.append("\(column.name) \(column.type.sqlName)") }
    }
    text = lines.joined(separator: "\n")
  }
}
