internal import Formats
internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import Sinks

/// Answers the planner's questions, over one connection a database that stays open for the whole
/// attempt: the targets use it too.
actor PlanAsker {
  private let environment: EngineEnvironment
  private let job: JobName
  private let run: RunID?
  private let session: SessionSettings
  private var connections: [String: Connection] = [:]
  /// The databases that were reached.
  private var reached: Set<String> = []
  /// The last one that was asked for has never been reached.
  private(set) var isUnreached = false
  /// Facts of the servers asked so far, by connection.
  private(set) var servers: [String: ServerFacts] = [:]
  /// All answers to the last plan's questions, round by round.
  private(set) var answers: [[PlanAnswer]] = []

  init(environment: EngineEnvironment, job: JobName, run: RunID?, session: SessionSettings) {
    self.environment = environment
    self.job = job
    self.run = run
    self.session = session
  }

  /// The connection to `name`, opened where it is not.
  func connection(_ name: String) async throws -> Connection {
    isUnreached = !reached.contains(name)
    if let known = connections[name], await known.isOpen { return known }
    let opened = try await Connection.open(environment.settings(name, run: run, job: job))
    connections[name] = opened
    reached.insert(name)
    isUnreached = false
    return opened
  }

  /// What publishes over the connection to `name`, opened where it is not.
  func publisher(on name: String, ledger schema: Identifier) async throws -> TablePublisher {
    TablePublisher(
      connection: try await connection(name), ledger: PublicationLedger(schema: schema), session: session)
  }

  /// Which database of which server the connection to `name` leads to, opened where it is not.
  func database(_ name: String) async throws -> ServerIdentity {
    try await connection(name).serverIdentity()
  }

  /// Whether it has a connection to `name`.
  func isOpen(_ name: String) -> Bool { connections[name] != nil }

  /// Gives up a connection: one that has failed, or whose place is wanted.
  func drop(_ name: String) async {
    await connections.removeValue(forKey: name)?.close()
  }

  func close() async {
    for connection in connections.values { await connection.close() }
    connections = [:]
  }

  /// Asks and answers until the plan is made.
  func plan(_ request: PlanRequest) async throws -> Plan {
    var planner = Planner(request)
    var step = try planner.begin()
    answers = []
    while true {
      switch step {
      case .ask(let questions):
        let round = try await answer(questions)
        answers.append(round)
        step = try planner.on(round)
      case .plan(let plan): return plan
      }
    }
  }

  /// One answer a question, in their order.
  /// - Throws: `Faults` of all questions that could not be answered for a reason in the job; the
  ///   first `Fault` of any other kind.
  private func answer(_ questions: [PlanQuestion]) async throws -> [PlanAnswer] {
    var answers: [PlanAnswer] = []
    var faults: [Fault] = []
    for question in questions {
      do {
        answers.append(try await answer(question))
      } catch let fault as Fault where fault.kind == .validation || fault.kind == .notFound {
        // What is missing is asked about in several ways; the first answer says it best.
        let isMissingTable = if case .columns = question { fault.code == "unknown_table" } else { false }
        if faults.contains(where: { $0.code == fault.code && ($0.place == fault.place || isMissingTable) }) {
          continue
        }
        faults.append(fault)
      }
    }
    if !faults.isEmpty { throw Faults(faults) }
    return answers
  }

  private func answer(_ question: PlanQuestion) async throws -> PlanAnswer {
    switch question {
    case .server(let name):
      if let known = servers[name] { return .server(known) }
      let connection = try await connection(name)
      let identity = try await connection.serverIdentity()
      let schemas = connection.settings.searchPath.map { Identifier($0).quoted }.joined(separator: ", ")
      let facts = ServerFacts(
        version: connection.serverVersion,
        database: "\(identity.systemIdentifier)/\(identity.databaseOID) \(schemas)")
      servers[name] = facts
      return .server(facts)
    case .relation(let name, let table, let place):
      let facts = try await reading(name, place) { try await $0.tableFacts(table) }
      guard let facts else {
        throw Fault(
          "unknown_table", .notFound, "There is no table `\(table)` on connection `\(name)`", place: place,
          hint: try await suggestion(for: table, on: name))
      }
      return .relation(facts)
    case .columns(let name, let sql, let place):
      return .columns(try await reading(name, place) { try await $0.describe(sql) })
    case .estimate(let name, let sql):
      return .estimate(try await reading(name, nil) { try await $0.estimate(sql) })
    case .rows(let name, let sql):
      return .rows(
        try await reading(name, nil) { connection in
          try await connection.query(sql).rows.map { row in (0..<row.count).map { row[$0] } }
        })
    case .fileHeader(let path, let place):
      do throws(Fault) {
        return .fileHeader(try LookupFile(path, root: environment.project.root).header)
      } catch {
        throw error.at(place)
      }
    }
  }

  /// In a transaction of its own, with the session settings that every reading has.
  private func reading<Output: Sendable>(
    _ name: String, _ place: Place?, _ body: @Sendable (Connection) async throws -> Output
  ) async throws -> Output {
    let connection = try await connection(name)
    do {
      return try await connection.transaction(.reading(session), body)
    } catch let fault as Fault {
      throw fault.at(place)
    }
  }

  private func suggestion(for table: QualifiedName, on name: String) async throws -> String? {
    let sql: SQLText = """
      SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
      ORDER BY 1, 2 LIMIT 1000
      """
    let known = try await reading(name, nil) { connection in
      try await connection.query(sql).rows.map { (schema: $0[0] ?? "", name: $0[1] ?? "") }
    }
    guard table.schema == nil else {
      return DidYouMean.hint(for: table.description, among: known.map { "\($0.schema).\($0.name)" })
    }
    if let there = known.first(where: { $0.name == table.name.name }) {
      return
        "It is in the schema `\(there.schema)`: write the table with its schema, or set `search_path` under the connection"
    }
    return DidYouMean.hint(for: table.name.name, among: known.map(\.name))
  }
}
