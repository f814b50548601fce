package import Model
internal import Postgres

extension TablePublisher {
  /// Whether a table that is to be made can have the columns of a result.
  /// - Throws: `Faults` with one `target_misfit` a column whose type the database does not have under that name.
  package func refuseMissingTypes(of result: [ColumnSchema], for target: TableTarget) async throws {
    let columns = result.filter(\.type.isNamedByDatabase)
    if columns.isEmpty { return }
    let conditions: [SQLText] = columns.map { column in
      "to_regtype(\(SQLText.string(column.type.base.sqlName))) IS NOT NULL"
    }
    let row = try await pointing(at: target.place) {
      try await connection.transaction(.reading(session)) { connection in
        try await connection.query("SELECT \(conditions)").onlyRow
      }
    }
    let faults = columns.enumerated().filter { row[$0.offset] == "f" }.map { _, column in
      Fault(
        "target_misfit", .validation,
        "The database of connection `\(target.connection)` has no type `\(column.type.base.sqlName)`, which column `\(column.name)` of `\(target.table)` would have",
        place: target.place, hint: TargetFit.hint(takingAsText: column.name, or: "Make it there"))
    }
    if !faults.isEmpty { throw Faults(faults) }
  }
}
