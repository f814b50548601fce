extension GeneratedPipeline {
  /// The job file's `process`, `aggregate` and what it needs besides.
  /// - Parameter more: further top-level lines.
  func yaml(source: String = "{connection: db, table: sample}", more: String = "") -> String {
    var lines = ["version: 1", "job: generated", "timezone: Europe/Berlin", "source: \(source)", "process:"]
    for step in steps { lines += step.lines }
    if isAggregated {
      lines += ["aggregate:", "  group_by: [\(keys.joined(separator: ", "))]", "  measures:"]
      lines += measures.enumerated().map { "    m\($0): \(quoted($1.text))" }
    } else {
      lines.append("  - select: [\(selected.joined(separator: ", "))]")
    }
    lines += [
      "store:", "  - table: {connection: db, name: result, mode: replace, create: true, on_empty: publish}",
      more,
    ]
    return lines.joined(separator: "\n") + "\n"
  }
}

extension GeneratedStep {
  fileprivate var lines: [String] {
    var lines = ["  - \(action.yaml(onFail: onFail))", "    name: \(name)"]
    switch action {
    case .parse, .validate, .derive, .filter: lines.append("    on_fail: \(onFail)")
    default: break
    }
    return lines
  }
}

extension GeneratedStep.Action {
  fileprivate func yaml(onFail: String) -> String {
    switch self {
    case .sanitize(let column, let operations):
      return
        "sanitize: {\(column): [\(operations.map { SampleSanitizing.all[$0].yaml }.joined(separator: ", "))]}"
    case .parse(let column, let target, let into):
      return "parse: {column: \(column), \(SampleParsing.all[target].yaml), into: \(into)}"
    case .validate(let rules):
      return
        "validate: [\(rules.map { "{name: \($0.name), expect: \(quoted($0.expression.text))}" }.joined(separator: ", "))]"
    case .derive(let entries):
      return
        "derive: {\(entries.map { "\($0.name): \(quoted($0.expression.text))" }.joined(separator: ", "))}"
    case .filter(let condition): return "filter: \(quoted(condition.text))"
    case .lookup(let table, let match, let take):
      let matched = match.enumerated().map { "\($1): k\($0)" }.joined(separator: ", ")
      return "lookup: {from: {connection: db, table: \(SampleLookup.all[table].table)}, match: {\(matched)}, "
        + "take: {\(text(take))}, on_missing: \(onFail)}"
    case .pseudonymise(let take): return "pseudonymise: {take: {\(text(take))}, key: \"${env.PEPPER}\"}"
    case .select(let list):
      return
        "select: [\(list.map { $0.new == $0.old ? $0.old : "{\($0.new): \($0.old)}" }.joined(separator: ", "))]"
    case .rename(let list): return "rename: {\(text(list))}"
    case .drop(let names): return "drop: [\(names.joined(separator: ", "))]"
    }
  }

  private func text(_ pairs: [GeneratedStep.Pair]) -> String {
    pairs.map { "\($0.new): \($0.old)" }.joined(separator: ", ")
  }
}

private func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
