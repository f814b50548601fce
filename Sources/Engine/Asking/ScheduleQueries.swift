internal import Expressions
package import Model
internal import Planning
internal import Postgres
package import Runtime

/// Asks the databases of a project what its schedules go by: the rows of a matrix, and what a trigger
/// has been sent.
///
/// Each question is a read-only transaction over a connection of its own.
package struct ScheduleQueries: Sendable {
  private let project: Project
  private let values: ExternalValues

  /// How many events are taken at once. A matrix of more rows is thought to be a mistake.
  package static let mostRows = 10_000
  /// For jobs that set no timeout: a schedule must not wait for ever.
  private static let patience = Duration.seconds(60)

  package init(project: Project, values: ExternalValues) {
    self.project = project
    self.values = values
  }

  // MARK: The matrix

  /// The rows that `sql` gives now, by name.
  /// - Parameter parameters: as given; the others have their defaults.
  /// - Throws: `Fault` of the connection or the query, `matrix_cell` for NULL, `matrix_rows` for rows
  ///   that are equal or too many.
  package func matrix(
    of job: Job, connection name: String, _ sql: SourceText, parameters: [String: String] = [:]
  ) async throws -> MatrixRows {
    var references = ReferenceScope()
    for (name, value) in try Parameters(declared: job.parameters, given: parameters).values() {
      references["params.\(name)"] = .value(value.0, value.1)
    }
    let query = try UserSQL(query: sql).resolved(references)
    let limited: SQLText = "SELECT * FROM \(query) AS matrix LIMIT \(ScheduleQueries.mostRows + 1)"
    let answer = try await ask(job, name, limited, sql.place)
    if answer.rows.count > ScheduleQueries.mostRows {
      throw Fault(
        "matrix_rows", .data, "The matrix of \(job.name) has more than \(ScheduleQueries.mostRows) rows",
        place: sql.place)
    }
    var rows: [[String: String]] = []
    for row in answer.rows {
      var cells: [String: String] = [:]
      for (number, column) in answer.columns.enumerated() {
        guard let cell = row[number] else {
          throw Fault(
            "matrix_cell", .data, "A row of the matrix of \(job.name) has no `\(column.name)`: it is NULL",
            place: sql.place, hint: "Leave such rows out of the query, or give them a value by coalesce()")
        }
        cells[column.name] = cell
      }
      rows.append(cells)
    }
    if Set(rows).count < rows.count {
      throw Fault(
        "matrix_rows", .data, "Two rows of the matrix of \(job.name) are equal", place: sql.place,
        hint: "Write SELECT DISTINCT")
    }
    return MatrixRows(rows)
  }

  // MARK: Triggers

  /// What has been sent after `since`, oldest first.
  /// - Parameter missed: gives `at` and `payload`.
  /// - Throws: `Fault` of the connection or the query.
  package func events(
    of job: Job, connection name: String, _ missed: SourceText, since: Instant
  ) async throws -> [TriggerEvent] {
    var references = ReferenceScope()
    for (name, value) in try Parameters(
      declared: job.parameters.filter { $0.defaultValue != nil }, given: [:]
    )
    .values() {
      references["params.\(name)"] = .value(value.0, value.1)
    }
    let query = try UserSQL(query: missed).resolved(references)
    let moment: SQLText = "\(literal: .timestamptz(since.postgresMicroseconds), as: .timestamptz)"
    let sql: SQLText = """
      SELECT \(SQLText.microseconds(of: "sent.at")) AS at, sent.payload::text AS payload \
      FROM \(query) AS sent WHERE sent.at > \(moment) ORDER BY 1 LIMIT \(ScheduleQueries.mostRows)
      """
    return try await ask(job, name, sql, missed.place).rows.map { row in
      TriggerEvent(
        at: Instant(microseconds: try row.integer("at")),
        parameters: TriggerEvent.parameters(try row.text("payload") ?? "", of: job))
    }
  }

  /// Waits for what is sent on `channels` until the task is cancelled or the connection is lost, and
  /// ends only by throwing that, or `trigger_behind_pooler` where nothing could be heard.
  /// - Parameters:
  ///   - isAlone: of all that listen so for this project by this entry of `connections:`, only one listens, and the
  ///     others wait for its end.
  ///   - onHeld: is told who listens in place of this one, where that lasts.
  ///   - heard: is told channel and payload.
  package func listen(
    connection name: String, channels: @Sendable () -> Set<String>, isAlone: Bool,
    onHeld: @Sendable (String) -> Void, onListening: @Sendable () -> Void,
    heard: @Sendable (_ channel: String, _ payload: String) -> Void
  ) async throws {
    let connection = try await Connection.open(try settings(name, application: "tidemark triggers"))
    do {
      if try await connection.sharesSessions() {
        throw Fault(
          "trigger_behind_pooler", .config,
          "No trigger can listen on connection `\(name)`: it goes through a pooler that shares sessions between transactions",
          place: rule(of: name)?.place,
          cause:
            "What a session listens to, and the lock by which one listens for all, would stay in the pool",
          hint:
            "Under `trigger` name a `connection` to the server itself, or to a pool in session mode; sources and"
            + " stores may go through the pooler")
      }
      // Two entries that lead to one database have a turn each.
      if isAlone {
        try await connection.takeSessionLock("tidemark trigger \(project.name) \(name)", onHeld: onHeld)
      }
      try await connection.listen(
        to: { Set(channels().map { Identifier($0) }) }, onListening: onListening
      ) { heard($0.channel, $0.payload) }
    } catch {
      await connection.close()
      throw error
    }
  }

  /// How a connection is made, as the project has it; `nil` where it has none of that name.
  package func rule(of connection: String) -> ConnectionRule? { project.connections[connection] }

  /// Where a trigger listens.
  package static func connection(_ trigger: String?, of job: Job, _ references: ReferenceScope) throws(Fault)
    -> String
  {
    if let trigger { return trigger }
    guard let source = job.sources.first else {
      throw Fault("unknown_connection", .config, "\(job.name) has no source to take a connection from")
    }
    return try NameResolver(references: references).text(source.connection)
  }

  // MARK: Asking

  private func ask(
    _ job: Job, _ name: String, _ sql: SQLText, _ place: Place?
  ) async throws -> QueryResult {
    let connection = try await Connection.open(try settings(name, application: "tidemark \(job.name)"))
    let session = SessionSettings(
      timeZone: job.timezone.literal ?? "UTC",
      statementTimeout: job.limits.statementTimeout ?? ScheduleQueries.patience,
      lockTimeout: job.limits.lockTimeout)
    let answer: Result<QueryResult, any Error>
    do {
      answer = .success(try await connection.transaction(.reading(session)) { try await $0.query(sql) })
    } catch {
      answer = .failure((error as? Fault)?.at(place) ?? error)
    }
    await connection.close()
    return try answer.get()
  }

  private func settings(_ name: String, application: String) throws(Fault) -> ConnectionSettings {
    guard let rule = project.connections[name] else {
      throw Fault("unknown_connection", .config, "There is no connection `\(name)`")
    }
    return try ConnectionSettings(rule: rule, values: values, applicationName: application)
  }
}
