internal import Expressions
internal import Model

/// A typed pipeline as lines of text: shown by `plan`, and part of a plan's fingerprint, so that it
/// says everything that decides a result and nothing that does not.
struct PipelineText {
  private let pipeline: TypedPipeline

  init(_ pipeline: TypedPipeline) {
    self.pipeline = pipeline
  }

  /// For fingerprints, which outlive a program: steps counted as they are computed.
  var text: String { listing { number, name in "step \(number + 1) `\(name)`" }.joined(separator: "\n") }

  /// For people, who count steps as the job has them: `step 2 (derive)` is the name of one without another.
  var lines: [String] { listing { _, name in name.hasPrefix("step ") ? name : "step `\(name)`" } }

  private func listing(_ heading: (Int, String) -> String) -> [String] {
    var lines: [String] = []
    for (number, step) in pipeline.steps.enumerated() {
      let after =
        number + 1 < pipeline.steps.count ? pipeline.steps[number + 1].columnsBefore : pipeline.processed
      lines.append("\(heading(number, step.name)) (on_fail \(step.onFail.rawValue))")
      lines += detail(step, after: after).map { "  \($0)" }
    }
    if let aggregate = pipeline.aggregate { lines += PipelineText.lines(aggregate, over: pipeline.processed) }
    return lines
  }

  private func detail(_ step: TypedStep, after: [ColumnSchema]) -> [String] {
    let before = step.columnsBefore
    func name(_ column: ColumnSchema) -> String { ExpressionPrinter.name(column.name) }
    func shown(_ expression: TypedExpression) -> String {
      ExpressionPrinter(before).print(expression)
    }
    switch step.action {
    case .sanitize(let items):
      return items.map { item in
        "sanitize \(name(before[item.column])): [\(item.operations.map(\.jobText).joined(separator: ", "))]"
      }
    case .parse(let column, let into, let target, let type):
      return [
        "parse {column: \(name(before[column])), as: \(target.jobText), into: \(name(after[into]))}"
          + " gives \(type.sqlName)"
      ]
    case .validate(let rules): return rules.map { "validate \($0.name): \(shown($0.expect))" }
    case .derive(let entries):
      // Entries see the ones before them, whose columns stand behind those of the step.
      return entries.map { entry in
        let text = ExpressionPrinter(before + after.dropFirst(before.count)).print(entry.expression)
        return "derive \(name(after[entry.into])) \(entry.expression.type.sqlName) = \(text)"
      }
    case .filter(let condition, _): return ["filter \(shown(condition))"]
    case .lookup(let lookup):
      return [
        "lookup by \(lookup.match.map { name(before[$0]) }.joined(separator: ", ")) take "
          + "\(lookup.take.map { name(after[$0.into]) }.joined(separator: ", ")), on_missing \(lookup.onMissing.rawValue)"
      ]
    case .pseudonymise(let items, _):
      return items.map { "pseudonymise \(name(before[$0.column])) as \(name(after[$0.into]))" }
    case .project(let columns):
      return [
        "keep \(zip(columns, after).map { before[$0].name == $1.name ? name($1) : "\(name(before[$0])) as \(name($1))" }.joined(separator: ", "))"
      ]
    }
  }

  /// The group keys and grouping sets of an aggregation.
  static func keys(_ aggregate: TypedAggregate, over columns: [ColumnSchema]) -> [String] {
    let rowText = ExpressionPrinter(columns)
    var lines = aggregate.keys.map { key in
      "  key \(ExpressionPrinter.name(key.name)) \(key.expression.type.sqlName) = \(rowText.print(key.expression))"
    }
    if aggregate.sets.count != 1 || aggregate.sets[0].count != aggregate.keys.count {
      let sets = aggregate.sets.map { set in
        "(" + set.map { ExpressionPrinter.name(aggregate.keys[$0].name) }.joined(separator: ", ") + ")"
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
    let names = aggregate.keys.map { ExpressionPrinter.name($0.name) }
    let groupings = aggregate.groupings.map { keys in
      "grouping(\(keys.map { names[$0] }.joined(separator: ", ")))"
    }
    let groupText = ExpressionPrinter(columns: names + calls + groupings)
    for output in aggregate.outputs.dropFirst(aggregate.keys.count) {
      lines.append(
        "  \(ExpressionPrinter.name(output.name)) \(output.expression.type.sqlName) = \(groupText.print(output.expression))"
      )
    }
    if let having = aggregate.having { lines.append("  having \(groupText.print(having))") }
    return lines
  }
}
