internal import Model
internal import Postgres

/// Rows into a target: made where it is missing, rid of what they replace, filled.
extension TablePublisher {
  /// A target that waits for the rows of a publication: what they replace is deleted.
  struct Ready {
    let publication: TablePublication
    let statements: PublishStatements
    /// The publication has made it.
    let isNew: Bool
    let deleted: Int64
    /// Of what it has deleted.
    let limit: DeleteLimit?
  }

  func statements(of publication: TablePublication) -> PublishStatements {
    PublishStatements(
      target: publication.target, result: publication.result,
      columns: publication.facts?.columns ?? publication.createdColumns)
  }

  func makeReady(_ publication: TablePublication) async throws -> Ready {
    try await pointing(at: publication.target.place) { try await ready(publication) }
  }

  private func ready(_ given: TablePublication) async throws -> Ready {
    var publication = given
    let target = publication.target
    if publication.isCreating {
      // Somebody else may have made it since the run looked.
      publication.facts = try await connection.tableFacts(target.table)
    }
    let isNew = publication.isCreating
    if isNew, publication.isContinued {
      throw Fault(
        "target_gone", .validation,
        "`\(target.table)`, which held the chunks that run \(publication.entry.run) has published, is not there any more",
        hint:
          "Put it back; or give the run up with `tidemark cancel \(publication.entry.run)`: the next one takes its place"
      )
    }
    if isNew { try await make(publication) }
    try await refuseOlderInterval(publication)
    if !publication.isContinued { try await carryOut(target.beforePublish) }
    // What the publication has made is as it was made, unless the job itself has altered it since.
    if !isNew || !target.beforePublish.isEmpty { publication.facts = try await hold(publication) }
    let statements = statements(of: publication)
    let hasNothing = publication.isContinued || isNew && target.beforePublish.isEmpty
    let (deleted, limit) = hasNothing ? (0, nil) : try await delete(publication, statements)
    return Ready(
      publication: publication, statements: statements, isNew: isNew, deleted: deleted, limit: limit)
  }

  /// The target as it is now, and stays until the transaction ends: rows go into it in the form that its columns had
  /// when somebody looked, and what one type has written another one of the same length would take for its own.
  /// - Throws: `Faults` `target_misfit` where the result does not fit it any more.
  private func hold(_ publication: TablePublication) async throws -> TableFacts? {
    try await connection.execute(statements(of: publication).hold)
    let facts = try await connection.tableFacts(publication.target.table)
    if let facts {
      _ = try TargetFit(target: publication.target, facts: facts, result: publication.result)
    }
    return facts
  }

  private func make(_ publication: TablePublication) async throws {
    let statements = statements(of: publication)
    if let schema = publication.target.table.schema { try await make(schema) }
    try await connection.execute(statements.create)
    for (column, text) in publication.descriptions.sorted(by: { $0.key < $1.key }) {
      try await connection.execute(statements.comment(column: column, text: text))
    }
  }

  /// Asked for even where it is there, the server would want the privilege to make one.
  private func make(_ schema: Identifier) async throws {
    if try await connection.query("SELECT \(PublishStatements.isThere(schema))").onlyRow[0] == "t" { return }
    try await connection.execute("CREATE SCHEMA IF NOT EXISTS \(schema)")
  }

  func refuseOlderInterval(_ publication: TablePublication) async throws {
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
  ) async throws -> (rows: Int64, limit: DeleteLimit?) {
    let target = publication.target
    let entry = publication.entry
    let earlier = try await earlierRuns(of: entry.identity, target, before: entry.revision)
    guard let delete = statements.delete(earlierRuns: earlier) else { return (0, nil) }
    let limit = try await deleteLimit(target, statements)
    let isKeyed = limit != nil && !target.key.isEmpty
    let deleted =
      isKeyed
      ? try await deleteAside(delete, statements) : Int64(try await connection.execute(delete))
    return (deleted, limit)
  }

  /// Writes the rows that `produce` sends in the form that COPY takes.
  /// - Returns: how many the table has taken: a trigger may keep rows back.
  /// - Throws: also `Fault` `too_many_deletes`.
  func fill(_ ready: Ready, _ produce: (CopyWriter) async throws -> Void) async throws -> Int64 {
    let taken = try await take(ready, produce)
    try await refuseLosses(ready, written: taken)
    return taken
  }

  private func take(_ ready: Ready, _ produce: (CopyWriter) async throws -> Void) async throws -> Int64 {
    let (publication, statements) = (ready.publication, ready.statements)
    let target = publication.target
    var isDirect = target.mode != .append && target.mode != .merge
    if let facts = publication.facts, isDirect {
      isDirect = try TargetFit(target: target, facts: facts, result: publication.result).isDirect
    }
    if isDirect { return Int64(try await connection.copyIn(statements.copyDirect, produce)) }
    try await connection.execute(statements.createStaging)
    let rows = try await connection.copyIn(statements.copyStaging, produce)
    let taken = try await takeFromStaging(rows, publication, statements)
    try await connection.execute(statements.dropStaging)
    return taken
  }

  /// Makes the unique index of a table that the publication has made, once it is filled.
  func addKey(_ publication: TablePublication, _ statements: PublishStatements) async throws {
    guard let index = statements.uniqueIndex(serverVersion: connection.serverVersion) else { return }
    try await pointing(at: publication.target.place) { _ = try await connection.execute(index) }
  }

  /// - Returns: how many of the staged rows the table has taken.
  private func takeFromStaging(
    _ rows: Int, _ publication: TablePublication, _ statements: PublishStatements
  ) async throws -> Int64 {
    guard publication.target.mode == .merge else {
      return Int64(try await connection.execute(statements.insertFromStaging(run: publication.entry.run)))
    }
    try await connection.execute(statements.analyzeStaging)
    let merge = MergeStatements(publish: statements)
    try await refuseSharedKey(merge, publication.target)
    // Rows that are there as they should be are in no statement's count.
    let mayKeepBack = try await connection.query(merge.mayKeepBack).onlyRow
    var taken = Int64(rows)
    if let update = merge.update {
      let differing = mayKeepBack[1] == "t" ? try await count(merge.countDiffering) : nil
      let updated = Int64(try await connection.execute(update))
      // Somebody else may have changed one in between, so that it does not differ any more.
      if let differing { taken -= max(differing - updated, 0) }
    }
    try await connection.execute(merge.insert)
    if mayKeepBack[0] == "t" { taken -= try await count(merge.countAbsent) }
    // A row that the target has several times is kept back as often.
    return max(taken, 0)
  }

  private func count(_ sql: SQLText) async throws -> Int64 {
    try await connection.query(sql).onlyRow[0].flatMap { Int64($0) } ?? 0
  }
}
