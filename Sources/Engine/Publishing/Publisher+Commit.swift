internal import Model
internal import Runtime
internal import Sinks
internal import StateStore

/// Committing: tables first, then files.
extension Publisher {
  /// In a sink's mark: `after_publish` has not run to its end.
  private static let toSettle = JSONValue.Member("after_publish", .boolean(true))

  /// What is kept of a table in its mark until it has committed, and of `after_publish` until that has run to its end.
  static func details(of table: Table) -> JSONValue {
    let members =
      (table.isByChunk ? [SinkMark.byChunk] : []) + (table.target.afterPublish.isEmpty ? [] : [toSettle])
    return members.isEmpty ? .null : .object(members)
  }

  /// In a sink's mark: what its file is known by once it has appeared.
  static func known(by file: FileMark) -> JSONValue { .object([.init("file", .string(file.text))]) }

  /// Commits every sink that has not yet, tables first, then files.
  func commit(
    _ made: ResultMaker.Made, ownership: Ownership, budget: RetryBudget
  ) async throws -> [RunSummary.Sink] {
    var budget = budget
    let marks = try await environment.store.sinkMarks(of: run.id)
    let committed = Set(marks.filter { $0.committedAt != nil }.map(\.sink))
    var results = tables.filter { committed.contains($0.target.sink) }.map {
      told($0.target, .already(run: run.id.text))
    }
    for name in connections {
      let open = tables.filter { $0.target.connection == name && !committed.contains($0.target.sink) }
      if open.isEmpty { continue }
      let outcomes = try await publishTables(open, made, &budget)
      try await environment.store.markCommitted(sinks: open.map(\.target.sink), for: ownership)
      isOnlyForward = true
      try Failpoint.hit(.publishMarked)
      for (table, outcome) in zip(open, outcomes) {
        results.append(told(table.target, outcome))
        warnOfRowsKeptBack(table.target, outcome, made)
      }
    }
    try await settle(ownership, &budget)
    for file in prepared {
      if committed.contains(file.sink) {
        try file.file.discard()
        results.append(
          RunSummary.Sink(target: file.file.path, rows: made.rows, deleted: 0, wasPublished: true))
        continue
      }
      // Who has slept is told here; whoever took the run over has removed the file.
      try await environment.store.renew(ownership)
      try file.publish()
      try await environment.store.markCommitted(sinks: [file.sink], for: ownership)
      environment.report(
        run.id, .published(sink: file.sink, target: file.file.path, rows: made.rows, deleted: 0))
      results.append(
        RunSummary.Sink(target: file.file.path, rows: made.rows, deleted: 0, wasPublished: false))
    }
    return results
  }

  /// A trigger that answers NULL takes a row away; who splits a table by triggers wants just that.
  private func warnOfRowsKeptBack(_ target: TableTarget, _ outcome: PublishOutcome, _ made: ResultMaker.Made)
  {
    guard case .published(let rows, _) = outcome, rows != made.rows else { return }
    warnings.append("`\(target.table)` took \(rows) of \(made.rows) rows: its triggers keep rows back")
  }

  private func told(_ target: TableTarget, _ outcome: PublishOutcome) -> RunSummary.Sink {
    let name = "\(target.connection):\(target.table)"
    switch outcome {
    case .published(let rows, let deleted):
      environment.report(run.id, .published(sink: target.sink, target: name, rows: rows, deleted: deleted))
      return RunSummary.Sink(target: name, rows: rows, deleted: deleted, wasPublished: false)
    case .already(let other):
      environment.report(run.id, .alreadyPublished(sink: target.sink, run: other))
      return RunSummary.Sink(target: name, rows: 0, deleted: 0, wasPublished: true)
    case .kept:
      return RunSummary.Sink(target: name, rows: 0, deleted: 0, wasPublished: false)
    }
  }

  /// Tries until it is known to have committed: a lost answer is asked after in the ledger by the
  /// next attempt's first statement.
  private func publishTables(
    _ tables: [Table], _ made: ResultMaker.Made, _ budget: inout RetryBudget
  ) async throws -> [PublishOutcome] {
    try await patiently(on: tables[0].target.connection, &budget) {
      try Failpoint.hit(.publishBeforeCommit)
      let outcomes: [PublishOutcome]
      if let open = open.take() {
        outcomes = [try await open.commit(entry(tables[0], resultHash: made.hash))]
      } else {
        if spool == nil { try await keepAgain(made) }
        if isOnlyForward { try await warnOfNewerRows(tables) }
        outcomes = try await tablePublisher(tables[0]).publish(
          tables.map { publication($0, resultHash: made.hash) }, of: spool, token: tables[0].token)
      }
      try Failpoint.hit(.publishAfterCommit)
      return outcomes
    }
  }

  /// Does `work` over a connection, each time over a new one, while its faults are transient and time is left.
  private func patiently<Value>(
    on connection: String, _ budget: inout RetryBudget, _ work: () async throws -> Value
  ) async throws -> Value {
    try await budget.repeating(work) { fault, attempts, wait in
      environment.report(run.id, .publishRetried(attempt: attempts, wait: wait, fault))
      open = nil
      await asker.drop(connection)
    }
  }

  /// The rest of what is published in part is published all the same.
  private func warnOfNewerRows(_ tables: [Table]) async throws {
    for table in tables {
      guard let fault = try await tablePublisher(table).overtaking(publication(table, resultHash: nil)),
        !warnings.contains(fault.sentence)
      else { continue }
      warnings.append(fault.sentence)
    }
  }

  /// Runs `after_publish` of every table for which it has not run to its end: at least once, since
  /// nobody can tell whether one that was cut off had done its work.
  private func settle(_ ownership: Ownership, _ budget: inout RetryBudget) async throws {
    let open = Set(
      try await environment.store.sinkMarks(of: run.id).filter {
        $0.details[Publisher.toSettle.name] == Publisher.toSettle.value
      }.map(\.sink))
    for table in tables where open.contains(table.target.sink) {
      try await patiently(on: table.target.connection, &budget) {
        try Failpoint.hit(.afterPublish)
        try await tablePublisher(table).runAfterPublish(table.target)
      }
      try await environment.store.markSettled(sinks: [table.target.sink], for: ownership)
    }
  }
}
