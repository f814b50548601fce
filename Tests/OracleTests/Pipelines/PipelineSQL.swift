/// A pipeline as a block of PL/pgSQL: one temporary table a step, each row computed in a subtransaction of its own, so that what
/// faults is known row by row.
///
/// Leaves the rows in the last table, and what became of the others in `rejected` and `tally`.
struct PipelineSQL {
  private var lines: [String] = []
  private var columns: [String]
  private var table = 0

  /// The statements of the block, then the query of the result.
  static func make(_ pipeline: GeneratedPipeline) -> (block: String, result: String) {
    var sql = PipelineSQL(columns: ["id"] + SampleColumns.columns.map(\.name))
    for step in pipeline.steps { sql.add(step) }
    let body = sql.lines.joined(separator: "\n")
    let block = """
      DO $do$ DECLARE this_row integer; BEGIN
      CREATE TEMP TABLE s0 AS SELECT id AS row_, * FROM sample;
      CREATE TEMP TABLE broken (row_ integer, rule text, reason text);
      CREATE TEMP TABLE rejected (said text);
      CREATE TEMP TABLE tally (what text, said text, count bigint);
      \(body)
      END $do$
      """
    return (block, sql.result(pipeline))
  }

  private init(columns: [String]) {
    self.columns = columns
  }

  // MARK: Steps

  private mutating func add(_ step: GeneratedStep) {
    switch step.action {
    case .sanitize(let column, let operations):
      let text = operations.reduce("\(column)::text") { inner, operation in
        SampleSanitizing.all[operation].sql.replacing("$", with: "(\(inner))", maxReplacements: 1)
      }
      assign(column, "(\(text))", rule: step.name)
    case .parse(let column, let target, let into):
      let sql = SampleParsing.all[target].sql.replacing("$", with: column, maxReplacements: 1)
      assign(into, sql, rule: step.name, reason: "'invalid_text'")
      carryOut(step)
    case .validate(let rules):
      for rule in rules {
        everyRow(
          "IF (SELECT (\(rule.expression.text)) IS NOT TRUE FROM s\(table) WHERE row_ = this_row) THEN INSERT INTO broken VALUES (this_row, '\(rule.name)', 'rule_failed'); END IF;",
          onFault: "INSERT INTO broken VALUES (this_row, '\(rule.name)', SQLSTATE);")
      }
      carryOut(step)
    case .derive(let entries):
      for entry in entries { assign(entry.name, "(\(entry.expression.text))", rule: entry.name) }
      carryOut(step)
    case .filter(let condition):
      everyRow(
        "IF (SELECT (\(condition.text)) IS NOT TRUE FROM s\(table) WHERE row_ = this_row) THEN DELETE FROM s\(table) WHERE row_ = this_row; INSERT INTO tally VALUES ('filtered', '', 1); END IF;",
        onFault: "INSERT INTO broken VALUES (this_row, '\(step.name)', SQLSTATE);")
      carryOut(step)
    case .lookup(let lookup, let match, let take):
      let name = SampleLookup.all[lookup].table
      let condition = match.enumerated().map { "l.k\($0) = s.\($1)" }.joined(separator: " AND ")
      var after = columns
      for pair in take where !after.contains(pair.new) { after.append(pair.new) }
      let list = after.map { column in
        take.first { $0.new == column }.map { "l.\($0.old) AS \(column)" } ?? "s.\(column)"
      }
      lines += [
        "INSERT INTO broken SELECT row_, '\(step.name)', 'lookup_missing' FROM s\(table) AS s WHERE NOT EXISTS (SELECT FROM \(name) AS l WHERE \(condition));",
        "INSERT INTO tally SELECT 'lookup', '\(step.name)', (SELECT count(*) FROM s\(table)) * 1000 + (SELECT count(*) FROM broken);",
        "CREATE TEMP TABLE s\(table + 1) AS SELECT s.row_, \(list.joined(separator: ", ")) FROM s\(table) AS s LEFT JOIN \(name) AS l ON \(condition);",
      ]
      table += 1
      columns = after
      carryOut(step)
    case .pseudonymise(let take):
      for pair in take { assign(pair.new, "pseudonym(\(pair.old)::text)", rule: step.name) }
    case .select(let list): project(list)
    case .rename(let list):
      project(columns.map { column in list.first { $0.old == column } ?? .init(new: column, old: column) })
    case .drop(let names): project(columns.filter { !names.contains($0) }.map { .init(new: $0, old: $0) })
    }
  }

  private mutating func everyRow(_ statement: String, onFault: String) {
    lines.append(
      "FOR this_row IN SELECT row_ FROM s\(table) ORDER BY row_ LOOP BEGIN \(statement) EXCEPTION WHEN OTHERS THEN \(onFault) END; END LOOP;"
    )
  }

  /// A new column, or an old one made anew; NULL where its expression faults.
  private mutating func assign(
    _ name: String, _ expression: String, rule: String, reason: String = "SQLSTATE"
  ) {
    let after = columns.contains(name) ? columns : columns + [name]
    let made = after.map { $0 == name ? "\(expression) AS \(name)" : $0 }.joined(separator: ", ")
    let missing = after.map { $0 == name ? "NULL" : $0 }.joined(separator: ", ")
    lines.append("CREATE TEMP TABLE s\(table + 1) AS SELECT row_, \(made) FROM s\(table) WHERE false;")
    everyRow(
      "INSERT INTO s\(table + 1) SELECT row_, \(made) FROM s\(table) WHERE row_ = this_row;",
      onFault:
        "INSERT INTO s\(table + 1) SELECT row_, \(missing) FROM s\(table) WHERE row_ = this_row; INSERT INTO broken VALUES (this_row, '\(rule)', \(reason));"
    )
    table += 1
    columns = after
  }

  private mutating func project(_ list: [GeneratedStep.Pair]) {
    let names = list.map { "\($0.old) AS \($0.new)" }.joined(separator: ", ")
    lines.append("CREATE TEMP TABLE s\(table + 1) AS SELECT row_, \(names) FROM s\(table);")
    table += 1
    columns = list.map(\.new)
  }

  /// What `on_fail` says becomes of the rows in `broken`.
  private mutating func carryOut(_ step: GeneratedStep) {
    let remove = "DELETE FROM s\(table) WHERE row_ IN (SELECT row_ FROM broken);"
    switch step.onFail {
    case "quarantine":
      lines.append(
        "INSERT INTO rejected SELECT row_ || ' \(step.name) ' || string_agg(rule || '=' || CASE WHEN reason ~ '^[0-9]' THEN left(reason, 2) ELSE reason END, ' ' ORDER BY rule) FROM broken GROUP BY row_; \(remove)"
      )
    case "drop":
      lines.append("INSERT INTO tally SELECT 'dropped', '', count(DISTINCT row_) FROM broken; \(remove)")
    case "fail":
      lines.append(
        """
        IF EXISTS (SELECT FROM broken) THEN
          INSERT INTO tally SELECT 'fault', '\(step.name) ' || row_ || ' ' || reason, 1 FROM broken WHERE row_ = (SELECT min(row_) FROM broken);
          RETURN;
        END IF;
        """)
    default: break
    }
    lines.append("DELETE FROM broken;")
  }

  // MARK: The result

  private func result(_ pipeline: GeneratedPipeline) -> String {
    let names =
      pipeline.isAggregated ? pipeline.keys + pipeline.measures.indices.map { "m\($0)" } : pipeline.selected
    let shown = names.map { "pg_typeof(\($0))::text || coalesce(' = ' || \($0)::text, ' NULL')" }
    let list =
      pipeline.isAggregated
      ? (pipeline.keys + pipeline.measures.enumerated().map { "\($1.text) AS m\($0)" }).joined(
        separator: ", ")
      : names.joined(separator: ", ")
    let groups = pipeline.keys.isEmpty ? "" : " GROUP BY \(pipeline.keys.joined(separator: ", "))"
    return
      "SELECT concat_ws(' | ', \(shown.joined(separator: ", "))) FROM (SELECT \(list) FROM s\(table)\(groups)) AS result"
  }
}
