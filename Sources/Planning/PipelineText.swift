internal import Expressions
internal import Model

/// A typed pipeline as lines of text that say everything that decides a result and nothing that does not.
struct PipelineText {
  /// Whom the text is for.
  enum Reader {
    /// Who reads a plan.
    case people
    /// What compares plans: every cast and every constant's type are written out. It outlives a program.
    case fingerprint
  }

  private let pipeline: TypedPipeline
  private let reader: Reader

  init(_ pipeline: TypedPipeline, for reader: Reader) {
    self.pipeline = pipeline
    self.reader = reader
  }

  var lines: [String] {
    var lines: [String] = []
    for (number, step) in pipeline.steps.enumerated() {
      let after =
        number + 1 < pipeline.steps.count ? pipeline.steps[number + 1].columnsBefore : pipeline.processed
      lines.append("\(heading(number, step.name)) (on_fail \(step.onFail.rawValue))")
      lines += detail(step, after: after).map { "  \($0)" }
    }
    if let aggregate = pipeline.aggregate { lines += aggregateLines(aggregate) }
    return lines
  }

  /// Fingerprints count steps as they are computed, people as the job has them: `step 2 (derive)` is the name of one
  /// without another.
  private func heading(_ number: Int, _ name: String) -> String {
    switch reader {
    case .fingerprint: "step \(number + 1) `\(name)`"
    case .people: name.hasPrefix("step ") ? name : "step `\(name)`"
    }
  }

  /// - Parameter columns: how each column is written.
  private func text(_ expression: TypedExpression, _ columns: [String]) -> String {
    switch reader {
    case .people: ExpressionPrinter(columns: columns).print(expression)
    case .fingerprint: SQLRenderer(columns: columns.map(SQLText.init(trusted:))).render(expression).text
    }
  }

  private func names(_ columns: [ColumnSchema]) -> [String] {
    columns.map { ExpressionPrinter.name($0.name) }
  }

  private func detail(_ step: TypedStep, after: [ColumnSchema]) -> [String] {
    let before = step.columnsBefore
    func name(_ column: ColumnSchema) -> String { ExpressionPrinter.name(column.name) }
    func shown(_ expression: TypedExpression) -> String { text(expression, names(before)) }
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
        let value = text(entry.expression, names(before + after.dropFirst(before.count)))
        return "derive \(name(after[entry.into])) \(entry.expression.type.sqlName) = \(value)"
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
  func keys(_ aggregate: TypedAggregate) -> [String] {
    var lines = aggregate.keys.map { key in
      "  key \(ExpressionPrinter.name(key.name)) \(key.expression.type.sqlName) = \(rowText(key.expression))"
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
  func calls(_ aggregate: TypedAggregate) -> [String] {
    aggregate.calls.map { call in
      var text = call.function.rawValue + "(" + (call.isDistinct ? "distinct " : "")
      text += call.arguments.isEmpty ? "*" : call.arguments.map(rowText).joined(separator: ", ")
      for constant in call.constants { text += ", \(constant.postgresText ?? "NULL")" }
      for order in call.order {
        text += " order by \(rowText(order.expression))"
        text += (order.isDescending ? " desc" : "") + (order.nullsFirst ? " nulls first" : "")
      }
      text += ")"
      if let filter = call.filter { text += " filter (where \(rowText(filter)))" }
      return text
    }
  }

  /// Over the processed row, which keys and calls see.
  private func rowText(_ expression: TypedExpression) -> String {
    text(expression, names(pipeline.processed))
  }

  private func aggregateLines(_ aggregate: TypedAggregate) -> [String] {
    var lines = ["aggregate"] + keys(aggregate)
    let calls = calls(aggregate)
    let names = aggregate.keys.map { ExpressionPrinter.name($0.name) }
    let groupings = aggregate.groupings.map { keys in
      "grouping(\(keys.map { names[$0] }.joined(separator: ", ")))"
    }
    let groupRow = names + calls + groupings
    for output in aggregate.outputs.dropFirst(aggregate.keys.count) {
      lines.append(
        "  \(ExpressionPrinter.name(output.name)) \(output.expression.type.sqlName) = \(text(output.expression, groupRow))"
      )
    }
    if let having = aggregate.having { lines.append("  having \(text(having, groupRow))") }
    return lines
  }
}
