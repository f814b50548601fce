internal import Model
internal import Postgres
internal import Runtime

/// The state in a schema of a Postgres database, for several machines.
///
/// A few connections, made when they are needed. What the server or the network interrupts is done
/// again for as long as `PostgresLimits.retry` says; what waits for another transaction longer than the lock
/// timeout fails. A process that stops in the middle of a transaction loses it after the lease,
/// so that it holds up nobody longer than that.
actor PostgresDatabase: StateDatabase {
  nonisolated let location: String
  private let settings: ConnectionSettings
  private let limits: PostgresLimits
  private var idle: [Connection] = []
  /// For a connection in use or being made.
  private var turns: Turns
  private var isClosed = false

  /// Connects, refuses what cannot hold a state, and brings the layout up to date.
  /// - Throws: `Fault` `state_behind_pooler`, `state_newer`, `state_foreign`, `state_encoding`, `no_state`,
  ///   or what the connection throws.
  init(settings: ConnectionSettings, limits: PostgresLimits, makesSchema: Bool) async throws {
    location = settings.description
    self.settings = settings
    self.limits = limits
    turns = Turns(limits.connections)
    // A process that was asleep amid a migration finds nothing of it done; a server that starts has done so soon.
    var budget = RetryBudget(limits.retry)
    idle = [
      try await budget.repeating(
        where: { ["connection_lost", "commit_unknown", "server_starting"].contains($0.code) }
      ) {
        try await prepared(makesSchema)
      }
    ]
  }

  private func prepared(_ makesSchema: Bool) async throws -> Connection {
    let connection = try await connect()
    do {
      try await PostgresLayout.refusePooler(connection, settings)
      try await PostgresLayout.prepare(connection, location: location, makesSchema: makesSchema)
    } catch {
      await connection.close()
      throw error
    }
    return connection
  }

  nonisolated func transaction<Result: Sendable>(
    _ kind: TransactionKind, _ body: @Sendable (any StateTransaction) async throws -> Result
  ) async throws -> Result {
    // A task of its own, which nobody cancels: what is worth saving is saved.
    try await withoutActuallyEscaping(body) { body in
      try await Task {
        // A commit whose answer was lost may have happened: every body can be run once more on it. The time counts
        // from the first fault: a process that was asleep is to hear what became of its run.
        var budget = RetryBudget(self.limits.retry)
        return try await budget.repeating(where: PostgresLimits.isWorthRepeating) {
          try await self.once(kind, body)
        }
      }.value
    }
  }

  private func once<Result: Sendable>(
    _ kind: TransactionKind, _ body: @Sendable (any StateTransaction) async throws -> Result
  ) async throws -> Result {
    // A renewal waits for nobody: the others may have more to write than a lease lasts.
    let isWaiting = kind != .write(.renew)
    let connection = try await take(isWaiting)
    let result: Result
    do {
      switch kind {
      case .read:
        try await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        result = try await body(PostgresTransaction(connection: connection))
      case .write(let write):
        try await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        result = try await body(PostgresTransaction(connection: connection))
        try Failpoint.hit(write.beforeCommit)
      }
      try await connection.commit()
    } catch {
      await connection.rollback()
      await give(back: connection, hasTurn: isWaiting)
      throw error
    }
    await give(back: connection, hasTurn: isWaiting)
    if case .write(let write) = kind { try Failpoint.hit(write.afterCommit) }
    return result
  }

  func check() async throws -> [String] { [] }

  /// Over a connection of its own, whose statements may take as long as they take. Nobody who reads or writes waits for it.
  func compact(alone: @Sendable () throws -> Void) async throws {
    let connection = try await Connection.open(settings)
    do {
      try await connection.execute(limits.session)
      try await connection.execute("SET statement_timeout = 0")
      for table in PostgresLayout.largeTables { try await connection.execute("VACUUM (ANALYZE) \(table)") }
    } catch {
      await connection.close()
      throw error
    }
    await connection.close()
  }

  func close() async {
    isClosed = true
    for connection in idle { await connection.close() }
    idle = []
  }

  // MARK: Connections

  private func connect() async throws -> Connection {
    let connection = try await Connection.open(settings)
    do {
      try await connection.execute(limits.session)
      await connection.limitEverySilence(limits.statement * 1.5)
    } catch {
      await connection.close()
      throw error
    }
    return connection
  }

  /// - Parameter isWaiting: takes a turn, where all are taken after whoever waits for one already.
  private func take(_ isWaiting: Bool = true) async throws -> Connection {
    if isClosed {
      throw Fault("state_closed", .internal, "The state \(location) has been closed")
    }
    if isWaiting { await withCheckedContinuation { turns.join($0) } }
    while let connection = idle.popLast() {
      if await connection.isOpen { return connection }
    }
    do {
      return try await connect()
    } catch {
      if isWaiting { turns.leave() }
      throw error
    }
  }

  private func give(back connection: Connection, hasTurn: Bool = true) async {
    if await connection.isOpen {
      // Renewals may have made more.
      if isClosed || idle.count >= limits.connections {
        await connection.close()
      } else {
        idle.append(connection)
      }
    }
    if hasTurn { turns.leave() }
  }
}

/// How patient a Postgres state is.
struct PostgresLimits: Sendable {
  /// How long an owner that says nothing is taken to live.
  var lease: Duration
  var connections = 4
  /// How an interrupted transaction is done again.
  var retry = ErrorRules.Retry(initial: .milliseconds(20), maximum: .seconds(2), giveUpAfter: .seconds(30))
  /// How long a statement may take, but for what somebody asks for by hand.
  var statement = Duration.seconds(60)

  /// What every connection keeps for its lifetime.
  var session: SQLText {
    let lease = Int64(lease / .milliseconds(1))
    return """
      SET search_path = tidemark_state, pg_catalog; \
      SET client_min_messages = error; SET standard_conforming_strings = on; SET bytea_output = hex; \
      SET synchronous_commit = on; SET lock_timeout = 20000; SET statement_timeout = \(Int64(statement / .milliseconds(1))); \
      SET idle_in_transaction_session_timeout = \(max(lease, 1000)); \
      SET default_transaction_read_only = off
      """
  }

  /// Trouble that another try may not meet: also two transactions that made the same row.
  static func isWorthRepeating(_ fault: Fault) -> Bool {
    switch fault.code {
    case "unique_violation", "deadlock", "serialization_failure", "commit_unknown", "connection_lost",
      "server_starting", "cannot_connect", "too_many_connections":
      true
    default: false
    }
  }
}

private struct PostgresTransaction: StateTransaction {
  let connection: Connection

  func now() async throws -> Instant { try await connection.clock() }

  func run(_ sql: StaticString, _ values: [StateValue]) async throws -> Int {
    try await connection.query(SQLText(stringLiteral: sql), values.map(\.parameter)).affectedRows
  }

  func runEach(_ sql: StaticString, _ rows: [[StateValue]]) async throws {
    for values in rows { try await connection.query(SQLText(stringLiteral: sql), values.map(\.parameter)) }
  }

  func rows(_ sql: StaticString, _ values: [StateValue]) async throws -> [StateRow] {
    let result = try await connection.query(SQLText(stringLiteral: sql), values.map(\.parameter))
    let names = result.columns.map(\.name)
    return try result.rows.map { row in
      StateRow(
        names: names,
        values: try result.columns.indices.map { index in
          guard let text = row[index] else { return .null }
          return try StateValue(text, typeOID: result.columns[index].typeOID)
        })
    }
  }
}

extension StateValue {
  fileprivate var parameter: StatementParameter {
    switch self {
    case .null: .null
    case .integer(let number): .integer(number)
    case .text(let text): .text(text)
    case .bytes(let bytes): .bytes(bytes)
    }
  }

  /// From Postgres's text form of a bigint, an integer, a text or a bytea.
  fileprivate init(_ text: String, typeOID: UInt32) throws(Fault) {
    switch typeOID {
    case 20, 23:
      guard let number = Int64(text) else {
        throw Fault("state_unreadable", .internal, "Postgres gave a number that is none")
      }
      self = .integer(number)
    case 17: self = .bytes(try StateValue.bytes(hexadecimal: text))
    default: self = .text(text)
    }
  }

  /// Of `\\x00ff`.
  private static func bytes(hexadecimal text: String) throws(Fault) -> [UInt8] {
    let digits = Array(text.utf8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    var index = 2
    while index + 1 < digits.count {
      guard let high = value(ofDigit: digits[index]), let low = value(ofDigit: digits[index + 1]) else {
        break
      }
      bytes.append(high << 4 | low)
      index += 2
    }
    guard text.hasPrefix("\\x"), index == digits.count else {
      throw Fault("state_unreadable", .internal, "Postgres gave bytes that cannot be read")
    }
    return bytes
  }

  private static func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }
}
