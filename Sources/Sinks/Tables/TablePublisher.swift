package import Model
package import Postgres
internal import Runtime

/// One table's part of a publish.
package struct TablePublication {
  package var target: TableTarget
  package var entry: LedgerEntry
  /// The target as it was found before the run read anything; `nil` where it is to be created.
  package var facts: TableFacts?
  package var result: [ColumnSchema]
  /// Descriptions of result columns, for a table that is created.
  package var descriptions: [String: String]
  /// The result; `nil` where it is made while it is published.
  package var spool: ResultSpool?
  /// Where the chunks of the result were published one by one: how many there are, all in the target by now.
  package var chunks: Int?
  /// Another chunk has begun the run's publication: what comes once is done.
  fileprivate var isContinued = false

  package init(
    target: TableTarget, entry: LedgerEntry, facts: TableFacts?, result: [ColumnSchema],
    descriptions: [String: String], spool: ResultSpool?, chunks: Int? = nil
  ) {
    self.target = target
    self.entry = entry
    self.facts = facts
    self.result = result
    self.descriptions = descriptions
    self.spool = spool
    self.chunks = chunks
  }
}

/// What came of one table's part.
package enum PublishOutcome: Hashable, Sendable {
  case published(rows: Int64, deleted: Int64)
  /// An earlier attempt, or a twin with the same result, had published it.
  case already(run: String)
  /// Nothing to publish and `on_empty: keep`: the target stays as it is, on record.
  case kept
}

/// Publishes results into the tables of one connection, each exactly once.
package struct TablePublisher {
  let connection: Connection
  let ledger: PublicationLedger
  let session: SessionSettings

  package init(connection: Connection, ledger: PublicationLedger, session: SessionSettings) {
    self.connection = connection
    self.ledger = ledger
    self.session = session
  }

  // MARK: Before the run reads

  /// Makes the ledger where it is missing.
  /// - Throws: `Fault` `no_ledger` (class auth) where the role may not, with the way out.
  package func ensureLedger() async throws {
    if try await isLedgerUsable() { return }
    do {
      try await connection.transaction(.writing(session)) { connection in
        try await connection.query(ledger.makerLock)
        for statement in ledger.definition { try await connection.execute(statement) }
      }
    } catch let fault as Fault where fault.kind == .auth {
      throw Fault(
        "no_ledger", .auth,
        "The publication ledger `\(ledger.schema)` is missing on connection `\(connection.settings.name)`, and its role may not make it",
        cause: fault.cause, hint: "`tidemark grants` prints what an administrator runs once")
    }
    guard try await isLedgerUsable() else {
      throw Fault(
        "no_ledger", .auth,
        "The role of connection `\(connection.settings.name)` may not write to the publication ledger `\(ledger.schema)`",
        hint: "`tidemark grants` prints what an administrator runs once")
    }
  }

  private func isLedgerUsable() async throws -> Bool {
    try await connection.query(ledger.isUsable).onlyRow[0] == "t"
  }

  /// Makes every older owner of the identity unable to publish. A publish of the run itself that is still on its
  /// way is ended; one of another run is waited for.
  package func raiseFence(identity: RunIdentity, run: RunID) async throws -> FencingToken {
    try await connection.query(ledger.endPublishing(of: run))
    let row = try await connection.query(ledger.raiseFence(identity: identity.key, run: run)).onlyRow
    return FencingToken(try row.integer("token", as: Int64.self))
  }

  /// What a run has published here.
  ///
  /// Raises the fence first, which ends a publish of the run that is still on its way.
  package func parts(publishedBy run: RunID, identity: RunIdentity) async throws -> PublishedParts {
    guard try await isLedgerUsable() else { return PublishedParts() }
    _ = try await raiseFence(identity: identity, run: run)
    return try await entries(of: run, identity)
  }

  /// Takes the target away from whoever works on a run that is given up, and from no other run.
  /// - Returns: what the run has published here.
  package func takeAway(from run: RunID, identity: RunIdentity) async throws -> PublishedParts {
    guard try await isLedgerUsable() else { return PublishedParts() }
    try await connection.query(ledger.endPublishing(of: run))
    try await connection.query(ledger.raiseFence(of: run, identity: identity.key))
    return try await entries(of: run, identity)
  }

  private func entries(of run: RunID, _ identity: RunIdentity) async throws -> PublishedParts {
    var parts = PublishedParts()
    for row in try await connection.query(ledger.entries(of: run, identity: identity.key)).rows {
      if let name = row[0] { parts.add(entry: name, isWhole: row[1] == "t") }
    }
    return parts
  }

  /// The newest revision of an identity that any other run has published here; 0 for none.
  package func lastRevision(of identity: RunIdentity, except run: RunID) async throws -> Int {
    try await connection.query(ledger.lastRevision(identity: identity.key, except: run)).onlyRow
      .integer("coalesce")
  }

  // MARK: Publishing

  /// Publishes all or nothing, in one transaction.
  /// - Throws: `Fault` of class conflict where somebody else published another result, or has taken
  ///   the run over; of class validation or check where the result may not be published; transient
  ///   ones may be tried again.
  package func publish(
    _ publications: [TablePublication], token: FencingToken
  ) async throws -> [PublishOutcome] {
    try await endLost(publications[0].entry, token)
    return try await connection.transaction(.writing(session)) { _ in
      try await publishAll(publications, token: token)
    }
  }

  /// Publishes one chunk of a result, all or nothing, in one transaction. The first to come makes the entries of
  /// the whole, which say from then on that the run has begun to publish and is not at its end.
  /// - Parameters:
  ///   - publications: with the chunk's own entries.
  ///   - wholes: the entries of the whole, one a publication.
  /// - Throws: as `publish`; of class conflict also where another run has published into one of the sinks.
  package func publishChunk(
    _ publications: [TablePublication], of wholes: [LedgerEntry], token: FencingToken
  ) async throws -> [PublishOutcome] {
    try await endLost(publications[0].entry, token)
    return try await connection.transaction(.writing(session)) { _ in
      var publications = publications
      for (position, whole) in wholes.enumerated() {
        publications[position].isContinued = try await !begin(whole, publications[position].target)
      }
      return try await publishAll(publications, token: token)
    }
  }

  /// Ends an earlier try of this owner that the server takes for alive: it would be waited for, until the server
  /// finds out that nobody is there.
  private func endLost(_ entry: LedgerEntry, _ token: FencingToken) async throws {
    try await connection.query(
      ledger.endPublishing(of: entry.run, ifNewest: FenceHold(entry.identity, token)))
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
      hint: "To put this one in its place run again with --again")
  }

  /// In a transaction that has begun.
  private func publishAll(
    _ publications: [TablePublication], token: FencingToken
  ) async throws -> [PublishOutcome] {
    var isNew: [Bool] = []
    for publication in publications {
      isNew.append(publication.chunks != nil ? true : try await insertEntry(publication))
    }
    if isNew.contains(true) { try await holdFence(publications[0].entry, token: token) }
    try await lockTables(zip(publications, isNew).filter { $0.chunks == nil && $1 }.map(\.0))
    var outcomes: [PublishOutcome] = []
    for (publication, isNew) in zip(publications, isNew) {
      if let chunks = publication.chunks {
        outcomes.append(try await finish(publication, chunks))
      } else {
        outcomes.append(isNew ? try await write(publication) : try await existing(publication))
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
      try await connection.transaction(.writing(session)) { try await $0.execute(statement) }
    }
  }

  /// Rows that are only added touch nobody else's.
  func lockTables(_ publications: [TablePublication]) async throws {
    let shared = publications.filter { $0.target.mode != .append || $0.isCreating }
    if shared.isEmpty { return }
    let schemas = shared.filter(\.isCreating).compactMap(\.target.table.schema)
    try await connection.query(ledger.lockTables(shared.map(\.target.table), schemas: schemas))
  }

  func insertEntry(_ publication: TablePublication) async throws -> Bool {
    try await !connection.query(ledger.insert(publication.entry)).rows.isEmpty
  }

  func holdFence(_ entry: LedgerEntry, token: FencingToken) async throws {
    let hold = FenceHold(entry.identity, token)
    if try await !connection.query(ledger.holdFence(hold)).rows.isEmpty { return }
    let holder = try await connection.query(ledger.fenceHolder(identity: entry.identity.key)).rows.first
    throw Fault(
      "fenced", .conflict,
      "Run \(holder?[1] ?? "(unknown)") has taken over what this run was to publish",
      hint: "Nothing was published by this one; `tidemark status` shows the other")
  }

  private func existing(_ publication: TablePublication) async throws -> PublishOutcome {
    let entry = publication.entry
    let row = try await connection.query(
      ledger.read(identity: entry.identity.key, revision: entry.revision, sink: entry.sink)
    ).onlyRow
    let run = row[0] ?? ""
    if row[1] == entry.resultHash { return .already(run: run) }
    throw Fault(
      "published_by_another", .conflict,
      "Run \(run) has published another result for this interval into `\(publication.target.table)` at \(row[2] ?? "?")",
      hint: "To put this one in its place run again with --again")
  }

  private func write(_ publication: TablePublication) async throws -> PublishOutcome {
    guard let spool = publication.spool else {
      throw Fault("no_result", .internal, "There is no result to publish")
    }
    if spool.rows == 0, try keepsAsItIs(publication.target) {
      try await connection.execute(ledger.complete(publication.entry, rows: 0, deleted: 0))
      return .kept
    }
    let ready = try await makeReady(publication)
    let rows = try await fill(ready) { writer in
      try await spool.read { try await writer.write($0) }
    }
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

  /// A target that waits for the rows of a publication: what they replace is deleted.
  struct Ready {
    fileprivate let publication: TablePublication
    fileprivate let statements: PublishStatements
    let deleted: Int64
  }

  func makeReady(_ given: TablePublication) async throws -> Ready {
    var publication = given
    let target = publication.target
    if publication.isCreating, let facts = try await connection.tableFacts(target.table) {
      // Somebody else has made it since the run looked.
      _ = try TargetFit(target: target, facts: facts, result: publication.result)
      publication.facts = facts
    }
    let statements = PublishStatements(
      target: target, result: publication.result,
      columns: publication.facts?.columns ?? publication.createdColumns)
    if publication.isCreating {
      for statement in statements.create { try await connection.execute(statement) }
      for (column, text) in publication.descriptions.sorted(by: { $0.key < $1.key }) {
        try await connection.execute(statements.comment(column: column, text: text))
      }
    }
    try await refuseOlderInterval(publication)
    var deleted: Int64 = 0
    if !publication.isContinued {
      for statement in target.beforePublish { try await connection.execute(statement) }
      deleted = try await delete(publication, statements)
    }
    return Ready(publication: publication, statements: statements, deleted: deleted)
  }

  private func refuseOlderInterval(_ publication: TablePublication) async throws {
    let target = publication.target
    guard target.mode == .replace, !target.isForced, publication.entry.identity.interval != nil else {
      return
    }
    let newer = try await connection.query(
      ledger.newestInterval(of: publication.entry.identity, target: publication.entry.target)
    ).rows.first
    guard let newer else { return }
    throw Fault(
      "older_interval", .conflict,
      "`\(target.table)` holds a newer interval (to \(newer[0] ?? "?"), run \(newer[1] ?? "?")), which `replace` would undo",
      place: target.place, hint: "Use --force if that is meant")
  }

  private func delete(
    _ publication: TablePublication, _ statements: PublishStatements
  ) async throws -> Int64 {
    let target = publication.target
    var earlier: [String] = []
    if target.mode == .append {
      earlier = try await connection.query(
        ledger.earlierRuns(
          identity: publication.entry.identity.key, sink: target.sink, before: publication.entry.revision)
      ).rows.compactMap { $0[0] }
    }
    guard let delete = statements.delete(earlierRuns: earlier) else { return 0 }
    var whole: Int64?
    if case .percent? = target.maxDelete {
      whole = try await connection.query(statements.countInScope).onlyRow[0].flatMap { Int64($0) }
    }
    let deleted = Int64(try await connection.execute(delete))
    let limit: Double
    switch target.maxDelete {
    case nil: return deleted
    case .rows(let rows)?: limit = Double(rows)
    case .percent(let percent)?: limit = Double(whole ?? 0) * percent / 100
    }
    if Double(deleted) > limit {
      throw Fault(
        "too_many_deletes", .check,
        "Publishing would delete \(deleted)\(whole.map { " of \($0)" } ?? "") rows of `\(target.table)`, more than `max_delete` allows",
        place: target.place, hint: "Nothing was changed; raise `max_delete` if that many are meant")
    }
    return deleted
  }

  /// Writes the rows that `produce` sends in the form that COPY takes.
  /// - Returns: how many there were.
  func fill(_ ready: Ready, _ produce: (CopyWriter) async throws -> Void) async throws -> Int64 {
    let (publication, statements) = (ready.publication, ready.statements)
    let target = publication.target
    var isDirect = target.mode != .append && target.mode != .merge
    if let facts = publication.facts, isDirect {
      isDirect = try TargetFit(target: target, facts: facts, result: publication.result).isDirect
    }
    let rows: Int
    if isDirect {
      rows = try await connection.copyIn(statements.copyDirect, produce)
    } else {
      try await connection.execute(statements.createStaging)
      rows = try await connection.copyIn(statements.copyStaging, produce)
      try await takeFromStaging(publication, statements)
    }
    if publication.isCreating, let index = statements.uniqueIndex(serverVersion: connection.serverVersion) {
      try await connection.execute(index)
    }
    return Int64(rows)
  }

  private func takeFromStaging(
    _ publication: TablePublication, _ statements: PublishStatements
  ) async throws {
    if publication.target.mode == .merge {
      try await connection.execute(statements.analyzeStaging)
      let merge = MergeStatements(publish: statements)
      if let update = merge.update { try await connection.execute(update) }
      try await connection.execute(merge.insert)
    } else {
      try await connection.execute(statements.insertFromStaging(run: publication.entry.run))
    }
    try await connection.execute(statements.dropStaging)
  }
}

extension TablePublication {
  fileprivate var isCreating: Bool { target.create && facts == nil }

  /// The columns of a table that this publication creates.
  fileprivate var createdColumns: [TableFacts.Column] {
    result.map { TableFacts.Column(name: $0.name, type: $0.type, isNullable: true) }
  }
}
