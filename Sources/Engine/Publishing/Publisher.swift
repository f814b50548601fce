internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import Sinks
internal import StateStore

/// Takes a run's result to its sinks: targets looked at before anything is read, everything made
/// ready, then committed, tables first.
final class Publisher {
  let environment: EngineEnvironment
  private let request: RunRequest
  private let context: RunContext
  let plan: Plan
  private(set) var run: RunRecord
  let asker: PlanAsker
  private let session: SessionSettings
  let tables: [Table]
  private let files: [File]
  /// The newest revision of the identity that the targets have of other runs.
  private let lastRevision: Int
  private let checks: [TypedCheck]
  private var judged: [JSONValue] = []
  private var rejected: Int64 = 0
  /// The result, where it was kept to be published.
  private var spool: ResultSpool?
  /// The publish within which the result was made.
  var open: OpenPublication?
  /// What makes the result, again where it was lost.
  private var maker: ResultMaker?
  private var prepared: [PreparedFile] = []
  /// Checks of severity `warn` that did not pass, as sentences.
  private(set) var warnings: [String] = []

  struct Table {
    var target: TableTarget
    var facts: TableFacts?
    var token: FencingToken
    /// Its rows come with each chunk; a result without chunks has none to come with.
    var isByChunk: Bool
  }

  private struct File {
    var sink: String
    var rule: FileSinkRule
    var path: String
  }

  // MARK: Before anything is read

  /// Resolves the sinks, makes sure that each can take the result, and raises the fence of each
  /// target, so that no older owner can publish any more.
  /// - Throws: `Faults` that name what does not fit, before a row is read.
  static func prepare(
    environment: EngineEnvironment, request: RunRequest, context: RunContext, references: ReferenceScope,
    plan: Plan, run: RunRecord, asker: PlanAsker, session: SessionSettings
  ) async throws -> Publisher {
    let resolver = TargetResolver(
      job: request.job, context: context, references: references,
      connections: environment.project.connections, isForced: request.force)
    var tables: [Table] = []
    var files: [File] = []
    var tokens: [String: FencingToken] = [:]
    var lastRevision = 0
    for (position, rule) in request.job.sinks.enumerated() {
      let sink = TargetResolver.name(position, rule)
      switch rule {
      case .table(let rule):
        let target = try resolver.table(rule, sink: sink, result: plan.result, resultKey: plan.resultKey)
        let connection = try await asker.connection(target.connection)
        let facts = try await Publisher.look(at: target, connection, result: plan.result, session: session)
        let publisher = TablePublisher(
          connection: connection, ledger: PublicationLedger(schema: target.ledger), session: session)
        if tokens[target.connection] == nil {
          try await publisher.ensureLedger()
          tokens[target.connection] = try await publisher.raiseFence(identity: run.identity, run: run.id)
          lastRevision = max(
            lastRevision, try await publisher.lastRevision(of: run.identity, except: run.id))
        }
        tables.append(
          Table(
            target: target, facts: facts, token: tokens[target.connection] ?? FencingToken(0),
            isByChunk: rule.publishPerChunk && run.replayOf == nil && !plan.chunks.isEmpty))
      case .file(let rule):
        let path = try path(of: rule, references, in: environment)
        _ = try OutputFile.parts(path)
        files.append(File(sink: sink, rule: rule, path: path))
      }
    }
    try Failpoint.hit(.targetPrepared)
    return Publisher(
      environment: environment, request: request, context: context, plan: plan, run: run, asker: asker,
      session: session, tables: tables, files: files, lastRevision: lastRevision,
      checks: try PipelineChecker(references: references).check(request.job.checks, result: plan.result))
  }

  /// Takes the files away from every owner before this one. To be done before anything that may fail: whoever
  /// ends this run for good relies on it.
  /// - Parameter run: the one run that they are taken away from; `nil` for all of the identity.
  static func fenceFiles(
    of job: Job, references: ReferenceScope, identity: RunIdentity, run: RunID? = nil,
    in environment: EngineEnvironment
  ) throws(Fault) {
    for case .file(let rule) in job.sinks {
      let path = try path(of: rule, references, in: environment)
      do throws(Fault) {
        try PreparedFile.fence(path, in: environment.outputRoot, identity, of: run)
      } catch {
        throw error.at(rule.place)
      }
    }
  }

  /// A file's path within the output folder.
  private static func path(
    of rule: FileSinkRule, _ references: ReferenceScope, in environment: EngineEnvironment
  ) throws(Fault) -> String {
    environment.project.pathInOutput(try NameResolver(references: references).text(rule.path))
  }

  private static func look(
    at target: TableTarget, _ connection: Connection, result: [ColumnSchema], session: SessionSettings
  ) async throws -> TableFacts? {
    let facts = try await connection.transaction(.reading(session)) { connection in
      try await connection.tableFacts(target.table)
    }
    guard let facts else {
      if target.create { return nil }
      throw Fault(
        "unknown_table", .notFound,
        "There is no table `\(target.table)` on connection `\(target.connection)`",
        place: target.place, hint: "Create it, or set `create: true`")
    }
    _ = try TargetFit(target: target, facts: facts, result: result)
    return facts
  }

  private init(
    environment: EngineEnvironment, request: RunRequest, context: RunContext, plan: Plan, run: RunRecord,
    asker: PlanAsker, session: SessionSettings, tables: [Table], files: [File], lastRevision: Int,
    checks: [TypedCheck]
  ) {
    self.environment = environment
    self.request = request
    self.context = context
    self.plan = plan
    self.run = run
    self.asker = asker
    self.session = session
    self.tables = tables
    self.files = files
    self.lastRevision = lastRevision
    self.checks = checks
  }

  /// Makes `--again` mean a revision above all that the targets know, also where the state that knew
  /// of them was lost.
  /// - Returns: the run as it then is.
  func raiseRevision(ownership: Ownership) async throws -> RunRecord {
    if lastRevision >= run.revision {
      run = try await environment.store.raiseRevision(ownership, to: lastRevision + 1)
    }
    return run
  }

  /// Chunk by chunk nothing is known of the whole result that could tell a twin from another one: any that has
  /// published is one too many.
  /// - Throws: `Fault` `published_by_another`, before a row is read.
  func refuseTwins() throws(Fault) {
    guard lastRevision >= run.revision, let table = tables.first(where: \.isByChunk) else { return }
    throw Fault(
      "published_by_another", .conflict,
      "Another run has published this interval already, in whole or in part, and `\(table.target.table)` takes chunk after chunk",
      place: table.target.place, hint: "To put this one in its place run again with --again")
  }

  /// What publishes chunks as they are done; `nil` where no table wants that.
  func chunkPublisher(
    _ work: ChunkWork, commitment: Commitment, known: PublishedParts, ownership: Ownership
  ) -> ChunkPublisher? {
    let wanted = tables.filter(\.isByChunk).map { table in
      ChunkPublisher.Table(
        target: table.target, facts: table.facts, token: table.token, entry: entry(table, resultHash: nil),
        descriptions: descriptions)
    }
    if wanted.isEmpty { return nil }
    return ChunkPublisher(
      environment: environment, retry: request.job.errors.retry, plan: plan, work: work, asker: asker,
      session: session, ownership: ownership, tables: wanted, commitment: commitment, known: known)
  }

  private func entry(_ table: Table, resultHash: String?) -> LedgerEntry {
    LedgerEntry(
      identity: run.identity, revision: run.revision, sink: table.target.sink, run: run.id,
      target: "\(table.target.table)", rejected: rejected, checks: .array(judged), resultHash: resultHash)
  }

  // MARK: Preparing

  /// Makes the result: one merge, into the target or a spool, the files and the checks.
  /// - Throws: `Fault` `check_failed` where a check of severity `error` does not pass.
  func makeResult(_ maker: ResultMaker, rejected: Int64, token: FencingToken) async throws -> ResultMaker.Made
  {
    self.rejected = rejected
    self.maker = maker
    do {
      let made =
        if let made = try await published(maker, token) { made } else { try await kept(maker, token) }
      try Failpoint.hit(.resultMade)
      return made
    } catch {
      try await discard()
      throw error
    }
  }

  private func kept(_ maker: ResultMaker, _ token: FencingToken) async throws -> ResultMaker.Made {
    let spool = try makeSpool(maker)
    let made = try await make(maker, into: spool, token)
    self.spool = spool
    return made
  }

  private func makeSpool(_ maker: ResultMaker) throws(Fault) -> ResultSpool {
    try ResultSpool(schema: plan.result, path: "\(maker.work.spills.path)/result")
  }

  /// Makes the result again, without files and checks, which are done.
  private func keepAgain(_ made: ResultMaker.Made) async throws {
    guard let maker else { return }
    let spool = try makeSpool(maker)
    var none: [CheckJudge] = []
    let again = try await maker.make(into: spool, files: [], guards: [], checks: &none)
    if again.hash != made.hash { throw changed(again.hash, from: made.hash, in: tables[0].target.sink) }
    self.spool = spool
  }

  /// One pass over the result.
  func make(
    _ maker: ResultMaker, into output: any ResultOutput, _ token: FencingToken
  ) async throws -> ResultMaker.Made {
    // A file of the final name is this run's own where the run had come as far as its sinks before.
    let reached = Set(try await environment.store.sinkMarks(of: run.id).map(\.sink))
    judged = []
    warnings = []
    try discardFiles()
    for file in files {
      prepared.append(
        try PreparedFile(
          sink: file.sink, rule: file.rule, path: file.path, schema: plan.result,
          root: environment.outputRoot, identity: run.identity, run: run.id, token: token,
          mayReplace: run.revision > 1 || request.again || reached.contains(file.sink)))
    }
    var judges: [CheckJudge] = []
    for check in checks {
      judges.append(try CheckJudge(check, result: plan.result, zones: maker.work.zones))
    }
    let made = try await maker.make(
      into: output, files: prepared,
      guards: tables.compactMap { WindowGuard($0.target, result: plan.result) },
      checks: &judges)
    try judge(&judges, zones: maker.work.zones)
    if made.rows == 0 { try refuseEmpty() }
    return made
  }

  /// Removes what was prepared and did not appear.
  func discard() async throws {
    await open.take()?.abandon()
    try discardFiles()
  }

  private func discardFiles() throws(Fault) {
    let files = prepared
    prepared = []
    for file in files { try file.file.discard() }
  }

  private func judge(_ judges: inout [CheckJudge], zones: ZoneContext) throws(Fault) {
    var failed: [String] = []
    for index in judges.indices {
      let check = judges[index].check
      let verdict = try judges[index].verdict(zones: zones)
      environment.report(
        run.id,
        .checkJudged(
          name: check.name, severity: check.severity, passed: verdict.passed, detail: verdict.detail))
      judged.append(
        .object([
          .init("name", .string(check.name)), .init("passed", .boolean(verdict.passed)),
          .init("severity", .string(check.severity.rawValue)), .init("detail", .string(verdict.detail)),
        ]))
      if verdict.passed { continue }
      let sentence = "check `\(check.name)`: \(verdict.detail)"
      if check.severity == .error { failed.append(sentence) } else { warnings.append(sentence) }
    }
    guard let first = failed.first else { return }
    throw Fault(
      "check_failed", .check,
      failed.count == 1
        ? "The result fails the \(first)" : "The result fails \(failed.count) checks; first, the \(first)",
      place: judges.first { !$0.check.name.isEmpty && first.contains("`\($0.check.name)`") }?.check.place,
      hint: "Nothing was published. The finished chunks are kept: correct the check or the data and run again"
    )
  }

  private func refuseEmpty() throws(Fault) {
    for table in tables where table.target.onEmpty == .fail {
      throw Fault(
        "empty_result", .check, "The result has no rows, so `\(table.target.table)` is left as it is",
        place: table.target.place,
        hint: "If an empty result is right here, set `on_empty: publish` or `keep`")
    }
  }

  /// Records that every sink holds what its commit needs.
  func markPrepared(_ made: ResultMaker.Made, ownership: Ownership) async throws {
    let marks = try await environment.store.sinkMarks(of: run.id)
    for sink in tables.map(\.target.sink) + files.map(\.sink) {
      if let mark = marks.first(where: { $0.sink == sink }), mark.committedAt != nil {
        // Of one that was published by chunks, and finished with another copy of the state, no hash is known here.
        if mark.resultHash == made.hash || mark.details == SinkMark.byChunk { continue }
        throw changed(made.hash, from: mark.resultHash, in: sink)
      }
      let isToSettle = tables.contains { $0.target.sink == sink && !$0.target.afterPublish.isEmpty }
      try await environment.store.markPrepared(
        sink: sink, resultHash: made.hash, rowCount: Int(made.rows),
        details: isToSettle ? Publisher.toSettle : .null, for: ownership)
    }
    try Failpoint.hit(.sinksPrepared)
  }

  private func changed(_ hash: String, from other: String, in sink: String) -> Fault {
    Fault(
      "result_changed", .internal,
      "The result made again (\(hash.prefix(12))) is not the one published into \(sink) (\(other.prefix(12)))"
    )
  }

  // MARK: Committing

  /// In a sink's mark: `after_publish` has not run to its end.
  private static let toSettle = JSONValue.object([.init("after_publish", .boolean(true))])

  /// Commits every sink that has not yet, tables first, then files.
  func commit(
    _ made: ResultMaker.Made, ownership: Ownership, budget: RetryBudget
  ) async throws -> [RunSummary.Sink] {
    var budget = budget
    let marks = try await environment.store.sinkMarks(of: run.id)
    let committed = Set(marks.filter { $0.committedAt != nil }.map(\.sink))
    var results: [RunSummary.Sink] = []
    let connections = tables.map(\.target.connection).reduce(into: [String]()) { list, name in
      if !list.contains(name) { list.append(name) }
    }
    for name in connections {
      let open = tables.filter { $0.target.connection == name && !committed.contains($0.target.sink) }
      if open.isEmpty { continue }
      let outcomes = try await publishTables(open, made, &budget)
      try await environment.store.markCommitted(sinks: open.map(\.target.sink), for: ownership)
      try Failpoint.hit(.publishMarked)
      for (table, outcome) in zip(open, outcomes) { results.append(told(table.target, outcome)) }
    }
    try await settle(ownership, &budget)
    for file in prepared {
      if committed.contains(file.sink) {
        try file.file.discard()
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
    while true {
      do {
        try Failpoint.hit(.publishBeforeCommit)
        let outcomes: [PublishOutcome]
        if let open = open.take() {
          outcomes = [try await open.commit(entry(tables[0], resultHash: made.hash))]
        } else {
          if spool == nil { try await keepAgain(made) }
          outcomes = try await tablePublisher(tables[0]).publish(
            tables.map { publication($0, resultHash: made.hash, spool) }, token: tables[0].token)
        }
        try Failpoint.hit(.publishAfterCommit)
        return outcomes
      } catch let fault as Fault where fault.isTransient && !Task.isCancelled {
        guard let wait = budget.next() else { throw fault }
        environment.report(run.id, .publishRetried(attempt: budget.attempts, wait: wait, fault))
        open = nil
        await asker.drop(tables[0].target.connection)
        try await Task.sleep(for: wait)
      }
    }
  }

  func tablePublisher(_ table: Table) async throws -> TablePublisher {
    TablePublisher(
      connection: try await asker.connection(table.target.connection),
      ledger: PublicationLedger(schema: table.target.ledger), session: session)
  }

  func publication(_ table: Table, resultHash: String?, _ spool: ResultSpool?) -> TablePublication {
    TablePublication(
      target: table.target, entry: entry(table, resultHash: resultHash), facts: table.facts,
      result: plan.result, descriptions: descriptions, spool: spool,
      chunks: table.isByChunk ? plan.chunks.count : nil)
  }

  /// Runs `after_publish` of every table for which it has not run to its end: at least once, since
  /// nobody can tell whether one that was cut off had done its work.
  private func settle(_ ownership: Ownership, _ budget: inout RetryBudget) async throws {
    let open = Set(
      try await environment.store.sinkMarks(of: run.id).filter { $0.details == Publisher.toSettle }.map(
        \.sink))
    for table in tables where open.contains(table.target.sink) {
      while true {
        do {
          try Failpoint.hit(.afterPublish)
          try await tablePublisher(table).runAfterPublish(table.target)
          break
        } catch let fault as Fault where fault.isTransient && !Task.isCancelled {
          guard let wait = budget.next() else { throw fault }
          environment.report(run.id, .publishRetried(attempt: budget.attempts, wait: wait, fault))
          await asker.drop(table.target.connection)
          try await Task.sleep(for: wait)
        }
      }
      try await environment.store.markSettled(sinks: [table.target.sink], for: ownership)
    }
  }

  private var descriptions: [String: String] {
    var texts: [String: String] = [:]
    for measure in request.job.aggregate?.measures ?? [] { texts[measure.name] = measure.description }
    return texts
  }
}
