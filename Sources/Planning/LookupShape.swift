internal import Expressions
internal import Model

/// One lookup while it is planned.
struct LookupShape: Sendable {
  let lookup: Lookup
  let step: Model.Step
  private let from: From
  private(set) var key: [ColumnSchema] = []
  private(set) var payload: [ColumnSchema] = []

  /// Rows that a lookup may have where the job does not say.
  static let defaultMaximumRows = 1_000_000

  private enum From: Sendable {
    case sql(connection: String, SQLText)
    case file(String)
  }

  init(_ lookup: Lookup, step: Model.Step, request: PlanRequest) throws(Fault) {
    self.lookup = lookup
    self.step = step
    let names = NameResolver(references: request.references)
    switch lookup.from {
    case .table(let connection, let table):
      let connectionName = try names.text(connection)
      try SourceShape.check(connectionName, in: request.connections, place: connection.source.place)
      from = .sql(connection: connectionName, "\(try names.qualifiedName(table))")
    case .query(let connection, let sql):
      let connectionName = try names.text(connection)
      try SourceShape.check(connectionName, in: request.connections, place: connection.source.place)
      from = .sql(
        connection: connectionName, "\(try UserSQL(query: sql).resolved(request.references)) AS lookup")
    case .file(let path):
      from = .file(path)
    }
  }

  var question: PlanQuestion {
    switch from {
    case .sql(let connection, let sql):
      .columns(connection: connection, "SELECT * FROM \(sql)", place: step.place)
    case .file(let path): .fileHeader(path: path, place: step.place)
    }
  }

  mutating func take(_ known: [PlanQuestion: PlanAnswer]) throws(Faults) {
    var available: [ColumnSchema] = []
    switch known[question] {
    case .columns(let columns)?: available = columns
    case .fileHeader(let names)?: available = names.map { ColumnSchema(name: $0, type: .text) }
    default: break
    }
    var faults = FaultCollector()
    func column(_ named: Model.Step.NamedColumn, _ wanted: String) throws(Fault) -> ColumnSchema {
      if let found = available.first(where: { $0.name == wanted }) { return found }
      throw Fault(
        "unknown_column", .validation, "The lookup has no column `\(wanted)`", place: named.place,
        hint: DidYouMean.hint(for: wanted, among: available.map(\.name))
          ?? "It has \(available.map(\.name).joined(separator: ", "))")
    }
    // `match` maps a row column to a lookup column, `take` a new column to a lookup column.
    for match in lookup.match {
      faults.collect { key.append(try column(match, match.column)) }
    }
    for take in lookup.take {
      faults.collect {
        var found = try column(take, take.column)
        found.isNullable = true
        payload.append(found)
      }
    }
    try faults.finish()
  }

  /// - Parameter hidden: the columns of rows whose values nobody is to be shown, nor those that match them.
  func planned(hiding hidden: Set<String>) -> PlannedLookup {
    let maximumRows = lookup.maximumRows ?? LookupShape.defaultMaximumRows
    let origin: PlannedLookup.Origin
    switch from {
    case .sql(let connection, let sql):
      let columns = (key + payload).map { Identifier($0.name) }
      origin = .query(connection: connection, "SELECT \(columns) FROM \(sql)")
    case .file(let path):
      origin = .file(path: path, columns: (key + payload).map(\.name))
    }
    var key = key
    for (index, match) in lookup.match.enumerated() where hidden.contains(match.name) {
      key[index].isSensitive = true
    }
    return PlannedLookup(
      origin: origin, key: key, payload: payload, onDuplicate: lookup.onDuplicate,
      maximumRows: maximumRows, step: step.name, place: step.place)
  }
}
