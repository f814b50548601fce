package import Model
internal import Postgres

/// Who may publish, and what was published before: asked before a run reads.
extension TablePublisher {
  /// Makes the ledger where it is missing, or of an earlier version.
  /// - Throws: `Fault` `no_ledger` (class auth) where the role may not, with the way out.
  package func ensureLedger() async throws {
    if try await isLedgerCurrent() { return }
    do {
      try await connection.transaction(.writing(session)) { connection in
        // An owner that sleeps here would keep whoever takes the run over waiting: there is no ledger yet by which its
        // session could be found.
        try await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '5s'")
        try await connection.query(ledger.makerLock)
        for statement in ledger.definition { try await connection.execute(statement) }
      }
    } catch let fault as Fault where fault.kind == .auth {
      throw unusableLedger(cause: fault.cause)
    }
    guard try await isLedgerCurrent() else { throw unusableLedger(cause: nil) }
  }

  func unusableLedger(cause: String?) -> Fault {
    Fault(
      "no_ledger", .auth,
      "The role of connection `\(connection.settings.name)` may neither write to the publication ledger `\(ledger.schema)` nor make it",
      cause: cause, hint: "`tidemark grants` prints what an administrator runs once")
  }

  private func isLedgerUsable() async throws -> Bool {
    try await connection.query(ledger.isUsable).onlyRow[0] == "t"
  }

  private func isLedgerCurrent() async throws -> Bool {
    try await connection.query(ledger.isCurrent).onlyRow[0] == "t"
  }

  /// Makes every older owner of the identity unable to publish. A publish of the run itself that is still on its
  /// way is ended; one of another run is waited for.
  /// - Parameter raised: what this owner has raised by other connections. One of them that is found here stays as it
  ///   is: raised once more it would shut its own owner out.
  package func raiseFence(
    identity: RunIdentity, run: RunID, beside raised: [RaisedFence] = []
  ) async throws -> RaisedFence {
    if !raised.isEmpty,
      let row = try await connection.query(ledger.fenceHolder(identity: identity.key)).rows.first
    {
      let present = try fence(row)
      if raised.contains(present) { return present }
    }
    try await endPublishing(of: run)
    return try await connection.transaction(.writing(session)) { connection in
      try fence(await connection.query(ledger.raiseFence(identity: identity.key, run: run)).onlyRow)
    }
  }

  /// Ends the sessions of a run that hold the ledger's tables.
  /// - Parameter newest: only where this is the newest owner.
  func endPublishing(of run: RunID, ifNewest newest: FenceHold? = nil) async throws {
    let found = try await connection.query(ledger.endPublishing(of: run, ifNewest: newest)).rows
    let left = try found.filter { $0[1] == "f" }.map { try $0.integer("pid", as: Int.self) }
    if left.isEmpty { return }
    try await connection.transaction(.writing(session)) { connection in
      try await connection.query(SQLText.asLogin)
      try await connection.query(PublicationLedger.end(left))
    }
  }

  private func fence(_ row: QueryResult.Row) throws(Fault) -> RaisedFence {
    RaisedFence(
      token: FencingToken(try row.integer("token", as: Int64.self)), raisedAt: try row.string("raised_at"))
  }

  /// Takes the target away from whoever had a run so far, and from no other run: a publish of it that is still on its
  /// way is ended.
  /// - Returns: what the run has published here, to which nothing is added any more.
  package func takeAway(from run: RunID, identity: RunIdentity) async throws -> PublishedParts {
    guard try await isLedgerUsable() else { return PublishedParts() }
    try await endPublishing(of: run)
    try await connection.transaction(.writing(session)) { connection in
      _ = try await connection.query(ledger.raiseFence(of: run, identity: identity.key))
    }
    var parts = PublishedParts()
    for row in try await connection.query(ledger.entries(of: run, identity: identity.key)).rows {
      if let name = row[0] { parts.add(entry: name, isWhole: row[1] == "t") }
    }
    return parts
  }

  /// The run whose rows a table that rows are appended to has of a revision: another than the one that asks, where that
  /// found them published. `nil` where it does not matter or is not known.
  package func publishingRun(
    of identity: RunIdentity, revision: Int, _ target: TableTarget
  ) async throws -> RunID? {
    guard target.mode == .append, try await isLedgerUsable() else { return nil }
    let known = ledger.read(identity: identity.key, revision: revision, sink: target.sink)
    return try await connection.query(known).rows.first.flatMap { $0[0] }.map { RunID($0) }
  }

  /// The runs whose rows in a table that rows are appended to a new revision replaces.
  package func earlierRuns(
    of identity: RunIdentity, _ target: TableTarget, before revision: Int
  ) async throws -> [String] {
    guard target.mode == .append else { return [] }
    return try await connection.query(
      ledger.earlierRuns(identity: identity.key, before: revision)
    ).rows.compactMap { $0[0] }
  }

  /// The highest serial of a job without interval that any other run has published with here; 0 for none.
  package func lastSerial(of identity: RunIdentity, except run: RunID) async throws -> Int {
    guard try await isLedgerUsable() else { return 0 }
    return try await connection.query(ledger.lastSerial(of: identity, except: run)).onlyRow.integer("serial")
  }

  /// This moment by the server's clock.
  package func clock() async throws -> Instant {
    try await connection.clock()
  }

  /// When the rows were read that a run has published into a table; `nil` where that is not known.
  package func readTime(of run: RunID, into table: String) async throws -> ReadTime? {
    guard let row = try await connection.query(ledger.readTime(of: run, target: table)).rows.first else {
      return nil
    }
    return ReadTime(
      from: Instant(microseconds: try row.integer("since")),
      until: Instant(microseconds: try row.integer("until")))
  }

  /// The newest revision of an identity that any other run has published here; 0 for none.
  package func lastRevision(of identity: RunIdentity, except run: RunID) async throws -> Int {
    try await connection.query(ledger.lastRevision(identity: identity.key, except: run)).onlyRow
      .integer("coalesce")
  }
}
