internal import Compute
internal import Model
internal import Planning
internal import Runtime
internal import StateStore

/// Planning: the chunks, what is done to them, and the targets.
extension Attempt {
  struct Prepared {
    var plan: Plan
    var work: ChunkWork
    var servers: [String: ServerFacts]
    /// When the first lookup was loaded, which chunks that are read again are still processed with; `nil` without any.
    var lookupsSince: ContinuousClock.Instant?
    /// What a replay goes by; `nil` for a run that reads its source.
    var origin: ReplayOrigin?
  }

  /// Plans, and looks at the targets.
  func prepare(_ asker: PlanAsker, _ spills: SpillFolder) async throws -> (Prepared, Publisher) {
    let prepared =
      if let known = try await committedPlan(spills) { known } else { try await plan(asker, spills) }
    let publisher = try await Publisher.prepare(
      environment: environment, request: request, context: context, references: references,
      plan: prepared.plan, run: record, asker: asker, isBound: binding != nil)
    return (prepared, publisher)
  }

  func plan(_ asker: PlanAsker, _ spills: SpillFolder) async throws -> Prepared {
    if binding == nil, record.replayOf != new.replayOf {
      try await supersede("it replayed rejected rows, and --again reads the source anew")
    }
    var plan = try await asker.plan(
      PlanRequest(job: job, references: references, connections: environment.project.connections))
    let saved = try await savedChunks()
    // The rest of what is published in part is made in the same order.
    if binding != nil, let order = saved?.rowOrder { plan.rowOrder = order }
    let lookupsSince = plan.lookups.isEmpty ? nil : ContinuousClock.now
    let lookups = try await LookupLoader(
      asker: asker, root: environment.project.root, session: session
    ).load(plan.lookups) { self.report(.lookupLoaded(step: $0, rows: $1)) }
    let servers = await asker.servers
    let keys = try PseudonymKeys(of: plan, values: environment.values)
    let marks = PlanMarks(
      plan, context: context, lookups: lookups.hashes, keyMarks: keys.marks,
      databases: servers.mapValues(\.database), zoneVersion: environment.zones.dataVersion)
    var origin: ReplayOrigin?
    if let replayed = record.replayOf {
      let found = try await ReplayOrigin(replayed, in: store)
      try found.check(plan, marks, job: job)
      found.saved.bind(&plan)
      stepsHaveChanged =
        found.record.fingerprint != marks.fingerprint(replayOf: found.record.replayOf)
      origin = found
    }
    let fingerprint = marks.fingerprint(replayOf: record.replayOf)
    if let old = record.fingerprint, old != fingerprint || saved?.cover(plan) == false {
      if binding != nil { throw refuseOtherPlan(isOlders: saved.map { $0.keyMarks == nil } ?? false) }
      try await supersede(
        "the job file, its parameters, or the source's columns, keys or partitions have changed since it was planned"
      )
    }
    if record.fingerprint == fingerprint, let saved {
      saved.bind(&plan)
    } else {
      try await store.savePlan(
        SavedChunks(
          chunks: plan.chunks, signature: marks.signature, keyMarks: keys.marks, pushedDown: plan.pushedDown,
          rowOrder: plan.rowOrder
        ).bytes,
        fingerprint: fingerprint, for: ownership)
    }
    try Failpoint.hit(.planSaved)
    answers = await asker.answers
    return Prepared(
      plan: plan, work: try work(plan, lookups: lookups.tables, keys, spills), servers: servers,
      lookupsSince: lookupsSince, origin: origin)
  }

  /// The saved plan's chunks; `nil` where none is saved, or none that can be used, so that it must be made anew.
  func savedChunks() async throws -> SavedChunks? {
    do {
      return try await store.plan(of: record.id).map { bytes throws(Fault) in try SavedChunks(bytes: bytes) }
    } catch let fault as Fault where fault.kind == .data && binding == nil {
      report(.planDamaged(fault))
      try await store.dropChunks(nil, for: ownership)
      return nil
    }
  }

  /// A new run takes the place of one that has published nothing.
  /// - Parameter reason: why it is not gone on with.
  func supersede(_ reason: String) async throws {
    let old = record.id
    // No ledger has a publish of it, and the raised fences let none through any more.
    try await store.stopPublishing(ownership)
    let event = RunEvent.superseded(old, reason: reason)
    let next = try await store.supersede(
      ownership, by: new, event: EventDraft(event))
    try await store.release(ownership)
    guard case .owned(let owned) = try await store.claim(next.id) else {
      throw Fault("held", .conflict, "Run \(next.id) was taken by another process at once")
    }
    take(next, owned)
    report(event)
  }

  func work(
    _ plan: Plan, lookups: [LookupTable], _ keys: PseudonymKeys, _ spills: SpillFolder
  ) throws -> ChunkWork {
    ChunkWork(
      plan: plan, job: job, lookups: lookups,
      zones: try environment.zones.context(session: context.zone.name), pseudonymKeys: keys,
      parallelism: try parallelism(plan), spills: spills)
  }
}
