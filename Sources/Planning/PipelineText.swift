internal import Expressions
internal import Model

/// A typed pipeline as lines of text: shown by `plan`, and part of a plan's fingerprint, so that it
/// says everything that decides a result and nothing that does not.
struct PipelineText {
  private let pipeline: TypedPipeline

  init(_ pipeline: TypedPipeline) {
    self.pipeline = pipeline
  }

  var text: String { lines.joined(separator: "\n") }

  var lines: [String] {
    var lines: [String] = []
    for (number, step) in pipeline.steps.enumerated() {
      let after =
        number + 1 < pipeline.steps.count ? pipeline.steps[number + 1].columnsBefore : pipeline.processed
      lines.append("step \(number + 1) `\(step.name)` (on_fail \(step.onFail.rawValue))")
      lines += detail(step, after: after).map { "  \($0)" }
    }
    if let aggregate = pipeline.aggregate { lines += PipelineText.lines(aggregate, over: pipeline.processed) }
    return lines
  }

  private func detail(_ step: TypedStep, after: [ColumnSchema]) -> [String] {
    let before = step.columnsBefore
    func shown(_ expression: TypedExpression) -> String {
      ExpressionPrinter(before).print(expression)
    }
    switch step.action {
    case .sanitize(let items):
      return items.map { item in
        "sanitize \(before[item.column].name): [\(item.operations.map(\.jobText).joined(separator: ", "))]"
      }
    case .parse(let column, let into, let target, let type):
      return [
        "parse {column: \(before[column].name), as: \(target.jobText), into: \(after[into].name)}"
          + " gives \(type.sqlName)"
      ]
    case .validate(let rules): return rules.map { "validate \($0.name): \(shown($0.expect))" }
    case .derive(let entries):
      // Entries see the ones before them, whose columns stand behind those of the step.
      return entries.map { entry in
        let text = ExpressionPrinter(before + after.dropFirst(before.count)).print(entry.expression)
        return "derive \(after[entry.into].name) \(entry.expression.type.sqlName) = \(text)"
      }
    case .filter(let condition, _): return ["filter \(shown(condition))"]
    case .lookup(let lookup):
      return [
        "lookup by \(lookup.match.map { before[$0].name }.joined(separator: ", ")) take "
          + "\(lookup.take.map { after[$0.into].name }.joined(separator: ", ")), on_missing \(lookup.onMissing.rawValue)"
      ]
    case .pseudonymise(let items, _):
      return items.map { "pseudonymise \(before[$0.column].name) as \(after[$0.into].name)" }
    case .project(let columns):
      return [
        "keep \(zip(columns, after).map { before[$0].name == $1.name ? $1.name : "\(before[$0].name) as \($1.name)" }.joined(separator: ", "))"
      ]
    }
  }

  /// The group keys and grouping sets of an aggregation.
  static func keys(_ aggregate: TypedAggregate, over columns: [ColumnSchema]) -> [String] {
    let rowText = ExpressionPrinter(columns)
    var lines = aggregate.keys.map { key in
      "  key \(key.name) \(key.expression.type.sqlName) = \(rowText.print(key.expression))"
    }
    if aggregate.sets.count != 1 || aggregate.sets[0].count != aggregate.keys.count {
      let sets = aggregate.sets.map { set in
        "(" + set.map { aggregate.keys[$0].name }.joined(separator: ", ") + ")"
      }
      lines.append("  sets \(sets.joined(separator: ", "))")
    }
    return lines
  }

  /// The aggregate calls, one text each.
  static func calls(_ aggregate: TypedAggregate, over columns: [ColumnSchema]) -> [String] {
    let rowText = ExpressionPrinter(columns)
    return aggregate.calls.map { call in
      var text = call.function.rawValue + "(" + (call.isDistinct ? "distinct " : "")
      text += call.arguments.isEmpty ? "*" : call.arguments.map(rowText.print).joined(separator: ", ")
      for constant in call.constants { text += ", \(constant.postgresText ?? "NULL")" }
      for order in call.order {
        text += " order by \(rowText.print(order.expression))"
        text += (order.isDescending ? " desc" : "") + (order.nullsFirst ? " nulls first" : "")
      }
      text += ")"
      if let filter = call.filter { text += " filter (where \(rowText.print(filter)))" }
      return text
    }
  }

  private static func lines(_ aggregate: TypedAggregate, over columns: [ColumnSchema]) -> [String] {
    var lines = ["aggregate"] + keys(aggregate, over: columns)
    let calls = calls(aggregate, over: columns)
    var group = aggregate.keys.map { ColumnSchema(name: $0.name, type: $0.expression.type) }
    group += zip(aggregate.calls, calls).map { ColumnSchema(name: $1, type: $0.type) }
    group += aggregate.groupings.map { keys in
      let names = keys.map { aggregate.keys[$0].name }.joined(separator: ", ")
      return ColumnSchema(name: "grouping(\(names))", type: .integer)
    }
    let groupText = ExpressionPrinter(group)
    for output in aggregate.outputs.dropFirst(aggregate.keys.count) {
      lines.append(
        "  \(output.name) \(output.expression.type.sqlName) = \(groupText.print(output.expression))")
    }
    if let having = aggregate.having { lines.append("  having \(groupText.print(having))") }
    return lines
  }
}
