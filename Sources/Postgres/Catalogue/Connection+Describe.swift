internal import CLibPQ
package import Model

extension Connection {
  /// The columns that a query gives, found out without running it. Call it within a transaction:
  /// it takes several messages, which behind transaction pooling must reach one session.
  ///
  /// A text column with a nondeterministic collation, whose equality is not that of its bytes, is
  /// described as a type that is only carried: it cannot be compared or grouped by.
  package func describe(_ sql: SQLText) async throws -> [ColumnSchema] {
    try await operate(sql) { pointer in
      PQsendPrepare(pointer, "", sql.text, 0, nil)
    } receive: { pointer in
      _ = try self.lastResult(pointer)
    }
    let columns = try await operate(nil) { pointer in
      PQsendDescribePrepared(pointer, "")
    } receive: { pointer in
      QueryResult(try self.lastResult(pointer)).columns
    }
    if columns.isEmpty {
      throw Fault("no_columns", .validation, "The query gives no columns", hint: "Write a SELECT")
    }
    var types = try await types(columns.map { TypeNumber(oid: $0.typeOID, modifier: $0.typeModifier) })
    for position in try await nondeterministicColumns(sql, columns) {
      types[position] = .opaque(oid: columns[position].typeOID, name: types[position].sqlName)
    }
    return zip(columns, types).map { ColumnSchema(name: $0.name, type: $1) }
  }

  /// What the server's planner expects of a query, without running it. Call it within a transaction.
  package func estimate(_ sql: SQLText) async throws -> QueryEstimate {
    // EXPLAIN would load the compiler for a large table, which takes longer than all other questions together.
    try await execute("SET LOCAL jit = off")
    let result = try await query("EXPLAIN (FORMAT JSON, VERBOSE) \(sql)")
    var estimate = try QueryEstimate(explainJSON: result.onlyRow[0] ?? "")
    if !estimate.functions.isEmpty {
      // Thousands of names stand in a constant; asking for them all would take longer than the doubt costs.
      estimate.callsReaders =
        estimate.functions.count > Self.mostFunctions ? true : try await mayRead(estimate.functions)
    }
    return estimate
  }

  private static let mostFunctions = 2_000

  /// Whether a function of one of these names may look at tables. Postgres's own do not, but for a few;
  /// of the others only those declared immutable are believed.
  private func mayRead(_ functions: [String]) async throws -> Bool {
    let names = functions.map { SQLText.string($0) }
    return try await query(
      """
      SELECT EXISTS (SELECT FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace \
      WHERE p.proname IN (\(names)) AND p.provolatile <> 'i' AND (n.nspname <> 'pg_catalog' \
      OR p.provolatile = 'v' OR p.proname ~ '(_to_xml|_description$|_privilege$|^pg_|^to_reg|_size$|^lastval$)'))
      """
    ).onlyRow[0] == "t"
  }

  /// The description of a query does not hold its columns' collations. `pg_collation_for` gives the
  /// collation of an expression, here of a subquery that is planned and never run.
  private func nondeterministicColumns(
    _ sql: SQLText, _ columns: [QueryResult.Column]
  ) async throws -> [Int] {
    let texts = columns.indices.filter { Self.collatableTypes.contains(columns[$0].typeOID) }
    if texts.isEmpty { return [] }
    let anywhere = try await query("SELECT FROM pg_collation WHERE NOT collisdeterministic LIMIT 1")
    if anywhere.rows.isEmpty { return [] }
    let names = columns.indices.map { Identifier("c\($0)") }
    let probes = texts.map { position -> SQLText in
      """
      coalesce((SELECT NOT o.collisdeterministic FROM pg_collation AS o WHERE o.oid = \
      pg_collation_for((SELECT q.\(names[position]) FROM (\(sql)
      ) AS q (\(names)) WHERE false))::regcollation), false)
      """
    }
    let row = try await query("SELECT \(probes)").onlyRow
    return texts.enumerated().filter { row[$0.offset] == "t" }.map(\.element)
  }

  /// text, varchar, char(n).
  private static let collatableTypes: Set<UInt32> = [25, 1043, 1042]
}
