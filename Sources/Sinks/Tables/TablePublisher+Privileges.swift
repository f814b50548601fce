package import Model
internal import Postgres

/// What the role of a connection may not do: told before a row is read.
extension TablePublisher {
  /// What publishing into a target would be refused for, whatever the result is.
  /// - Parameters:
  ///   - facts: `nil` for a table that is to be made.
  ///   - result: fits the table.
  ///   - replacesRuns: rows that were appended for an earlier revision are deleted.
  package func refusals(
    of target: TableTarget, facts: TableFacts?, result: [ColumnSchema], replacesRuns: Bool = false
  ) async throws -> [Fault] {
    let needed =
      if let facts {
        try needs(target, facts, result, replacesRuns)
      } else {
        makingNeeds(target)
      }
    let row = try await connection.transaction(.reading(session)) { connection in
      try await connection.query("SELECT \(needed.map(\.isHeld))").onlyRow
    }
    return needed.enumerated().filter { row[$0.offset] == "f" }.map { _, need in
      Fault(
        "missing_privilege", .auth,
        "The role of connection `\(target.connection)` may not \(need.action)", place: target.place,
        hint: "GRANT \(need.grant) TO the role")
    }
  }

  /// Why the publication ledger could not be written; `nil` where it can, or can be made.
  package func ledgerRefusal() async throws -> Fault? {
    let row = try await connection.transaction(.reading(session)) { connection in
      try await connection.query("SELECT pg_is_in_recovery(), (\(ledger.isUsableOrMakeable))").onlyRow
    }
    if row[0] == "t" {
      return Fault(
        "read_only_server", .config,
        "The server of connection `\(connection.settings.name)` is a standby, which takes no writes",
        hint: "Publish to the primary")
    }
    return row[1] == "t" ? nil : unusableLedger(cause: nil)
  }

  private struct Need {
    /// Behind `may not`.
    var action: String
    /// A condition in SQL.
    var isHeld: SQLText
    /// Between GRANT and TO.
    var grant: String
  }

  private func needs(
    _ target: TableTarget, _ facts: TableFacts, _ result: [ColumnSchema], _ replacesRuns: Bool
  ) throws(Faults) -> [Need] {
    /// - Parameter columns: of which it must be held; `nil` for the table, none for any of its columns.
    func need(_ privilege: String, _ preposition: String, of columns: [String]?) -> Need {
      let name = SQLText.string(privilege)
      let held: [SQLText] =
        columns?.map { "has_column_privilege(\(facts.oid)::oid, \(SQLText.string($0)), \(name))" }
        ?? ["has_table_privilege(\(facts.oid)::oid, \(name))"]
      return Need(
        action: "\(privilege) \(preposition) `\(target.table)`",
        isHeld: held.isEmpty
          ? "has_any_column_privilege(\(facts.oid)::oid, \(name))" : "(\(held, separator: " AND "))",
        grant: "\(privilege) ON \(target.table)")
    }
    let names = result.map(\.name)
    let isAppend = target.mode == .append
    let isMerge = target.mode == .merge
    var needs = [need("INSERT", "into", of: isAppend ? names + [runIDColumn] : names)]
    let deletes = isMerge ? false : !isAppend || replacesRuns
    if deletes { needs.append(need("DELETE", "from", of: nil)) }
    // What bounds a delete is read, and under `max_delete` rows are counted, and keys of those that go kept.
    let isCounted = if case .percent? = target.maxDelete { deletes } else { false }
    let kept = target.maxDelete != nil && deletes ? target.key : []
    let bounds = (target.window.map { [$0.column] } ?? []) + target.scope.map(\.column) + kept
    if isMerge {
      needs.append(need("SELECT", "from", of: names))
    } else if replacesRuns {
      needs.append(need("SELECT", "from", of: [runIDColumn]))
    } else if isCounted || !bounds.isEmpty {
      needs.append(need("SELECT", "from", of: bounds))
    }
    // Nothing but the key: there is nothing that could differ.
    let values = names.filter { !target.key.contains($0) }
    if isMerge, !values.isEmpty { needs.append(need("UPDATE", "rows of", of: values)) }
    let isDirect = try TargetFit(target: target, facts: facts, result: result).isDirect
    if !isDirect || !kept.isEmpty {
      needs.append(
        Need(
          action: "make the temporary table that rows or keys go through",
          isHeld: "has_database_privilege(current_database(), 'TEMPORARY')", grant: "TEMPORARY ON DATABASE"))
    }
    return needs
  }

  private func makingNeeds(_ target: TableTarget) -> [Need] {
    var needs: [Need] = []
    let schema: SQLText
    if let name = target.table.schema {
      schema = "to_regnamespace(\(SQLText.string(name.quoted)))"
      needs.append(
        Need(
          action: "create schemas in the database, which `create` does where there is none",
          isHeld:
            "(\(PublishStatements.isThere(name)) OR has_database_privilege(current_database(), 'CREATE'))",
          grant: "CREATE ON DATABASE"))
    } else {
      schema = "to_regnamespace(quote_ident(current_schema()))"
    }
    needs.append(
      Need(
        action: "create `\(target.table)` in its schema",
        isHeld: "coalesce(has_schema_privilege(\(schema)::oid, 'CREATE'), true)",
        grant: "CREATE ON SCHEMA \(target.table.schema?.name ?? "(the first of its search_path)")"))
    return needs
  }
}
