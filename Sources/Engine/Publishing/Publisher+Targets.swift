internal import Expressions
internal import Model
internal import Planning
internal import Runtime
internal import Sinks
internal import StateStore

/// Before anything is read: the targets, and what else has been published into them.
extension Publisher {
  /// Resolves the sinks, makes sure that each can take the result, and raises the fence of each
  /// target, so that no older owner can publish any more.
  /// - Parameter isBound: something is published already. The run can only go forward, so that it goes on where the
  ///   server itself refuses nothing of the rest.
  /// - Throws: `Faults` that name what does not fit, before a row is read.
  static func prepare(
    environment: EngineEnvironment, request: RunRequest, context: RunContext, references: ReferenceScope,
    plan: Plan, run: RunRecord, asker: PlanAsker, isBound: Bool
  ) async throws -> Publisher {
    let resolver = TargetResolver(
      job: request.job, context: context, references: references,
      connections: environment.project.connections, isForced: request.force)
    var tables: [Table] = []
    var files: [File] = []
    var fences: [String: RaisedFence] = [:]
    var lastRevision = 0
    let hasRest =
      isBound ? try await environment.store.sinkMarks(of: run.id).contains { $0.committedAt == nil } : false
    for (position, rule) in request.job.sinks.enumerated() {
      let sink = TargetResolver.name(position, rule)
      switch rule {
      case .table(let rule):
        let (target, facts, publisher) = try await resolved(rule, sink: sink, resolver, plan, asker)
        let fence: RaisedFence
        if let raised = fences[target.connection] {
          fence = raised
        } else {
          try await publisher.ensureLedger()
          if hasRest { try await refuseRest(of: run, beside: target, publisher, plan) }
          fence = try await publisher.raiseFence(
            identity: run.identity, run: run.id, beside: Array(fences.values))
          fences[target.connection] = fence
          lastRevision = max(
            lastRevision, try await publisher.lastRevision(of: run.identity, except: run.id))
        }
        if !isBound {
          try await refuseWithoutPrivileges(target, facts, publisher, plan, run)
          try await refuseTwin(
            of: target, facts, among: tables.map { ($0.target, $0.facts) }, resolver, asker)
        }
        tables.append(
          Table(
            target: target, facts: facts, token: fence.token,
            isByChunk: rule.publishPerChunk && run.replayOf == nil && !plan.chunks.isEmpty))
      case .file(let rule):
        files.append(
          File(sink: sink, rule: rule, path: try outputPath(of: rule, plan, resolver, environment)))
      }
    }
    try Failpoint.hit(.targetPrepared)
    return Publisher(
      environment: environment, request: request, plan: plan, run: run, asker: asker,
      tables: tables, files: files, lastRevision: lastRevision,
      checks: try PipelineChecker(references: references).check(request.job.checks, result: plan.result),
      isBound: isBound)
  }

  /// What is left of a run that is published in part would undo what another one has published since, from another
  /// state, as a later revision: it is refused before that one is shut out, should it be at work still.
  private static func refuseRest(
    of run: RunRecord, beside target: TableTarget, _ publisher: TablePublisher, _ plan: Plan
  ) async throws {
    let entry = LedgerEntry(
      identity: run.identity, revision: run.revision, sink: target.sink, run: run.id,
      target: "\(target.table)", rejected: 0, checks: .array([]), resultHash: nil)
    let rest = TablePublication(
      target: target, entry: entry, facts: nil, result: plan.result, descriptions: [:], isOnlyForward: true)
    if let fault = try await publisher.rival(of: rest) { throw fault }
  }

  /// A table of the job, what it is in the catalogue, where it is there, and what publishes into it.
  /// - Throws: `Fault` or `Faults` where it cannot take the result.
  private static func resolved(
    _ rule: TableSinkRule, sink: String, _ resolver: TargetResolver, _ plan: Plan, _ asker: PlanAsker
  ) async throws -> (TableTarget, TableFacts?, TablePublisher) {
    var target = try resolver.table(rule, sink: sink, result: plan.result, resultKey: plan.resultKey)
    let publisher = try await asker.publisher(on: target.connection, ledger: target.ledger)
    let facts = try await look(at: target, publisher, result: plan.result)
    if let stored = facts?.columns.first(where: { $0.name == target.window?.column }) {
      target.window?.decimals = stored.secondDecimals
    }
    return (target, facts, publisher)
  }

  /// Looks whether a run could publish its result, as far as can be known without reading or writing anything.
  /// - Returns: what hangs on where, and as whom, the run goes: servers that cannot be reached from here, what the role
  ///   may not do there.
  /// - Throws: `Fault` or `Faults` for what does not fit, as `prepare` would.
  static func inspect(
    _ resolver: TargetResolver, _ plan: Plan, _ asker: PlanAsker, environment: EngineEnvironment
  ) async throws -> [Fault] {
    _ = try PipelineChecker(references: resolver.references).check(resolver.job.checks, result: plan.result)
    var warnings: [Fault] = []
    var seen: [(TableTarget, TableFacts?)] = []
    for (position, rule) in resolver.job.sinks.enumerated() {
      switch rule {
      case .table(let table):
        let sink = TargetResolver.name(position, rule)
        warnings += try await inspect(table, sink: sink, resolver, plan, asker, among: &seen)
      case .file(let file): _ = try outputPath(of: file, plan, resolver, environment)
      }
    }
    return warnings
  }

  private static func inspect(
    _ rule: TableSinkRule, sink: String, _ resolver: TargetResolver, _ plan: Plan, _ asker: PlanAsker,
    among seen: inout [(TableTarget, TableFacts?)]
  ) async throws -> [Fault] {
    let target = try resolver.table(rule, sink: sink, result: plan.result, resultKey: plan.resultKey)
    do {
      _ = try await asker.connection(target.connection)
    } catch let fault as Fault
      where fault.kind == .connection || fault.kind == .auth || fault.code == "unset_variable"
    {
      return [fault]
    }
    let publisher = try await asker.publisher(on: target.connection, ledger: target.ledger)
    let facts: TableFacts?
    do {
      facts = try await look(at: target, publisher, result: plan.result)
    } catch let fault as Fault where fault.code == "missing_privilege" {
      return [fault]
    }
    try await refuseTwin(of: target, facts, among: seen, resolver, asker)
    var refusals: [Fault] = []
    // The ledger of a connection is one for all its tables.
    if !seen.contains(where: { $0.0.connection == target.connection }),
      let refusal = try await publisher.ledgerRefusal()
    {
      refusals.append(refusal.at(target.place))
    }
    seen.append((target, facts))
    return refusals + (try await publisher.refusals(of: target, facts: facts, result: plan.result))
  }

  /// What `before_publish` does may give the privileges, or another role.
  private static func refuseWithoutPrivileges(
    _ target: TableTarget, _ facts: TableFacts?, _ publisher: TablePublisher, _ plan: Plan, _ run: RunRecord
  ) async throws {
    guard target.beforePublish.isEmpty else { return }
    let earlier = try await publisher.earlierRuns(of: run.identity, target, before: run.revision)
    let refusals = try await publisher.refusals(
      of: target, facts: facts, result: plan.result, replacesRuns: !earlier.isEmpty)
    if !refusals.isEmpty { throw Faults(refusals) }
  }

  /// Two names of one table, with its schema and by the search path, are told apart by the catalogue alone, and two
  /// names of one database by its server.
  private static func refuseTwin(
    of target: TableTarget, _ facts: TableFacts?, among others: [(TableTarget, TableFacts?)],
    _ resolver: TargetResolver, _ asker: PlanAsker
  ) async throws {
    func name(_ target: TableTarget, _ facts: TableFacts?) -> QualifiedName {
      if let facts { return facts.name }
      // One without schema is made in the first one of the search path.
      let schema = resolver.connections[target.connection]?.searchPath.first.map { Identifier($0) }
      return QualifiedName(schema: target.table.schema ?? schema, name: target.table.name)
    }
    let own = name(target, facts)
    for (other, otherFacts) in others where name(other, otherFacts) == own {
      let isSame = other.connection == target.connection
      if !isSame, try await asker.database(other.connection) != asker.database(target.connection) { continue }
      throw Fault(
        "duplicate_name", .validation, "Two stores of the job are the table `\(own)`", place: target.place,
        cause: isSame
          ? nil : "The connections `\(other.connection)` and `\(target.connection)` lead to one database",
        hint: "Remove one, or rename it")
    }
  }

  /// A store as people know it.
  static func name(
    of rule: SinkRule, _ references: ReferenceScope, in environment: EngineEnvironment
  ) throws(Fault) -> String {
    let names = NameResolver(references: references)
    switch rule {
    case .table(let table): return try "\(names.text(table.connection)):\(names.qualifiedName(table.name))"
    case .file(let file):
      return "\(environment.outputRoot)/\(try path(of: file, references, in: environment))"
    }
  }

  /// What a target is in the catalogue; `nil` where the run is to create it.
  /// - Throws: `Fault` `unknown_table`; `Faults` `target_misfit`; of types that are not there.
  private static func look(
    at target: TableTarget, _ publisher: TablePublisher, result: [ColumnSchema]
  ) async throws -> TableFacts? {
    let facts = try await publisher.pointing(at: target.place) { try await publisher.facts(of: target.table) }
    guard let facts else {
      if target.create {
        try await publisher.refuseMissingTypes(of: result, for: target)
        return nil
      }
      throw Fault(
        "unknown_table", .notFound,
        "There is no table `\(target.table)` on connection `\(target.connection)`",
        place: target.place, hint: "Create it, or set `create: true`")
    }
    _ = try TargetFit(target: target, facts: facts, result: result)
    return facts
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
      place: table.target.place, hint: entry(table, resultHash: nil).besideAnother)
  }

  /// What publishes chunks as they are done; `nil` where no table wants that.
  func chunkPublisher(
    _ work: ChunkWork, commitment: Commitment, known: PublishedParts, ownership: Ownership
  ) -> ChunkPublisher? {
    let wanted = tables.filter(\.isByChunk).map { table in
      ChunkPublisher.Table(publication: publication(table, resultHash: nil), token: table.token)
    }
    if wanted.isEmpty { return nil }
    return ChunkPublisher(
      environment: environment, retry: request.job.errors.retry, plan: plan, work: work, asker: asker,
      ownership: ownership, tables: wanted, commitment: commitment, known: known)
  }
}
