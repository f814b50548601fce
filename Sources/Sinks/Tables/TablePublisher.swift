package import Model
package import Postgres
internal import Runtime

/// Publishes results into the tables of one connection, each exactly once.
package struct TablePublisher: Sendable {
  let connection: Connection
  let ledger: PublicationLedger
  let session: SessionSettings

  package init(connection: Connection, ledger: PublicationLedger, session: SessionSettings) {
    self.connection = connection
    self.ledger = ledger
    self.session = session
  }

  /// The target as it is now; `nil` where there is no such table.
  /// - Throws: `Fault` `missing_privilege` where nothing in its schema may be looked at.
  package func facts(of table: QualifiedName) async throws -> TableFacts? {
    do {
      return try await connection.transaction(.reading(session)) { try await $0.tableFacts(table) }
    } catch let fault as Fault where fault.code == "missing_privilege" {
      guard let schema = table.schema else { throw fault }
      throw Fault(
        fault.code, fault.kind,
        "The role of connection `\(connection.settings.name)` may not USE the schema of `\(table)`",
        cause: fault.cause, hint: "GRANT USAGE ON SCHEMA \(schema) TO the role")
    }
  }

  /// Publishes all or nothing, in one transaction.
  /// - Parameter spool: the result; not asked for by what was published chunk by chunk.
  /// - Throws: `Fault` of class conflict where somebody else published another result, or has taken
  ///   the run over; of class validation or check where the result may not be published; transient
  ///   ones may be tried again.
  package func publish(
    _ publications: [TablePublication], of spool: ResultSpool?, token: FencingToken
  ) async throws -> [PublishOutcome] {
    try await endLost(publications[0].entry, token)
    return try await connection.transaction(.writing(session)) { _ in
      try await publishAll(publications, of: spool, token: token)
    }
  }

  /// Publishes one chunk of a result, all or nothing, in one transaction. The first to come makes the entries of
  /// the whole, which say from then on that the run has begun to publish and is not at its end.
  /// - Parameters:
  ///   - publications: with the chunk's own entries.
  ///   - spool: the chunk's rows.
  ///   - wholes: the entries of the whole, one a publication.
  /// - Throws: as `publish`; of class conflict also where another run has published into one of the sinks.
  package func publishChunk(
    _ publications: [TablePublication], of spool: ResultSpool, wholes: [LedgerEntry], token: FencingToken
  ) async throws -> [PublishOutcome] {
    try await endLost(publications[0].entry, token)
    return try await connection.transaction(.writing(session)) { _ in
      var publications = publications
      for (position, whole) in wholes.enumerated() {
        publications[position].isContinued = try await !begin(whole, publications[position].target)
      }
      return try await publishAll(publications, of: spool, token: token)
    }
  }

  /// Ends an earlier try of this owner that the server takes for alive: it would be waited for, until the server
  /// finds out that nobody is there.
  func endLost(_ entry: LedgerEntry, _ token: FencingToken) async throws {
    try await endPublishing(of: entry.run, ifNewest: FenceHold(entry.identity, token))
  }

  /// - Returns: false where this run has begun before.
  private func begin(_ whole: LedgerEntry, _ target: TableTarget) async throws -> Bool {
    if try await !connection.query(ledger.insert(whole)).rows.isEmpty { return true }
    let row = try await connection.query(
      ledger.read(identity: whole.identity.key, revision: whole.revision, sink: whole.sink)
    ).onlyRow
    if row[0] == whole.run.text { return false }
    throw Fault(
      "published_by_another", .conflict,
      "Run \(row[0] ?? "?") has published into `\(target.table)` for this interval already, at \(row[2] ?? "?")",
      hint: whole.besideAnother)
  }

  /// In a transaction that has begun.
  private func publishAll(
    _ publications: [TablePublication], of spool: ResultSpool?, token: FencingToken
  ) async throws -> [PublishOutcome] {
    let isNew = try await enter(publications, token: token)
    var outcomes: [PublishOutcome] = []
    for (publication, isNew) in zip(publications, isNew) {
      if let chunks = publication.chunks {
        outcomes.append(try await finish(publication, chunks))
      } else {
        outcomes.append(
          try await pointing(at: publication.target.place) {
            isNew ? try await write(publication, spool) : try await existing(publication)
          })
      }
    }
    return outcomes
  }

  private func finish(_ publication: TablePublication, _ chunks: Int) async throws -> PublishOutcome {
    guard let row = try await connection.query(ledger.finish(publication.entry, chunks: chunks)).rows.first,
      let rows = row[0].flatMap({ Int64($0) }), let deleted = row[1].flatMap({ Int64($0) })
    else {
      throw Fault(
        "chunks_missing", .internal,
        "Not all \(chunks) chunks of run \(publication.entry.run) are in `\(publication.target.table)`",
        hint: "Publish anew with --again")
    }
    return .published(rows: rows, deleted: deleted)
  }

  /// Runs what the target wants run behind a publish, each statement in a transaction of its own.
  package func runAfterPublish(_ target: TableTarget) async throws {
    for statement in target.afterPublish {
      try await connection.transaction(.writing(session)) { _ in try await carryOut([statement]) }
    }
  }

  private func existing(_ publication: TablePublication) async throws -> PublishOutcome {
    let entry = publication.entry
    let row = try await connection.query(
      ledger.read(identity: entry.identity.key, revision: entry.revision, sink: entry.sink)
    ).onlyRow
    if row[0] != entry.run.text, let elsewhere = try await elsewhere(row[4] ?? "", publication.target) {
      throw Fault(
        "published_by_another", .conflict,
        "Run \(row[0] ?? "?") has published this interval at \(row[2] ?? "?") into \(elsewhere)",
        place: publication.target.place, hint: entry.besideAnother)
    }
    let run = row[0] ?? ""
    if run == entry.run.text, row[1] == entry.resultHash { return .already(run: run) }
    // A state that was lost counts revisions anew, while the table holds what a later one has put there.
    if let fault = try await rival(of: publication) { throw fault }
    if row[1] == entry.resultHash { return .already(run: run) }
    throw Fault(
      "published_by_another", .conflict,
      "Run \(run) has published another result for this interval into `\(publication.target.table)` at \(row[2] ?? "?")",
      hint: entry.besideAnother)
  }

  /// Where another run's rows are if they are not in `target`; `nil` where they are there.
  private func elsewhere(_ table: String, _ target: TableTarget) async throws -> String? {
    let isNamedSo = table == "\(target.table)"
    let facts = try await connection.tableFacts(target.table)
    if let facts {
      if isNamedSo { return nil }
      // The same table may be named with its schema or without.
      let same = try await connection.query(
        """
        SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = \(facts.oid)::oid \
        AND \(literal: .text(table)) IN (n.nspname || '.' || c.relname, c.relname)
        """)
      if !same.rows.isEmpty { return nil }
    }
    return isNamedSo
      ? "`\(table)`, which is not there any more" : "`\(table)`, not into `\(target.table)`"
  }

  private func write(
    _ publication: TablePublication, _ spool: ResultSpool?
  ) async throws -> PublishOutcome {
    guard let spool else { throw Fault("no_result", .internal, "There is no result to publish") }
    if spool.rows == 0, try keepsAsItIs(publication.target) {
      try await connection.execute(ledger.complete(publication.entry, rows: 0, deleted: 0))
      return .kept
    }
    let ready = try await makeReady(publication)
    let rows = try await fill(ready) { writer in
      try await spool.read { try await writer.write($0) }
    }
    if ready.isNew { try await addKey(publication, ready.statements) }
    try Failpoint.hit(.publishMiddle)
    try await connection.execute(ledger.complete(publication.entry, rows: rows, deleted: ready.deleted))
    return .published(rows: rows, deleted: ready.deleted)
  }

  /// Whether an empty result leaves the target alone.
  private func keepsAsItIs(_ target: TableTarget) throws(Fault) -> Bool {
    switch target.onEmpty {
    case .publish: return false
    case .keep: return true
    case .fail:
      throw Fault(
        "empty_result", .check, "The result has no rows, so `\(target.table)` is left as it is",
        place: target.place, hint: "If an empty result is right here, set `on_empty: publish` or `keep`")
    }
  }
}
