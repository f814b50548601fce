internal import Model
internal import Planning
internal import Runtime
internal import Sinks
internal import StateStore

/// Going only forward: what binds an attempt once something is published.
extension Attempt {
  /// What a run that has published something is bound to.
  struct Binding {
    /// What was saved before; `nil` where that is damaged.
    var commitment: Commitment?
    /// Only chunks are published so far, so that the others are still to be read.
    var isPartial: Bool
    var parts = PublishedParts()
  }

  /// The source is never read again.
  var isPastFirstCommit: Bool { binding?.isPartial == false }

  /// With its first commit, or its first published chunk, a run is bound to what was saved before it,
  /// whatever the job file and the source say by now.
  func bindToCommitment(_ asker: PlanAsker) async throws {
    let marks = try await store.sinkMarks(of: record.id)
    if marks.isEmpty { return }
    let (saved, damage) = try await savedCommitment()
    let (bound, boundContext) =
      try saved.map { try $0.request(for: record, request, in: environment) } ?? (request, context)
    var binding = Binding(commitment: saved, isPartial: false)
    let references = boundContext.references(of: record.id)
    let unknown = marks.filter { $0.committedAt == nil }
    let appeared = try Publisher.appearedFiles(
      of: bound.job, references: references, marks: unknown, in: environment)
    if unknown.count < marks.count {
      if !appeared.isEmpty { try await store.markCommitted(sinks: appeared, for: ownership) }
    } else {
      // A commit whose answer was lost, or that nothing could be written about any more, a file that has appeared
      // without the state's knowing; or chunks.
      let search = CommitSearch(asker: asker, project: environment.project, references: references)
      binding.parts = try await search.parts(of: bound.job, publishedBy: record)
      let missing = marks.map(\.sink).filter { binding.parts.whole.contains($0) || appeared.contains($0) }
      if missing.isEmpty {
        if binding.parts.chunks.isEmpty {
          // The job may name other files by now, and nobody else would look for what was written beside the old ones.
          return try Publisher.fenceFiles(
            of: bound.job, references: references, identity: record.identity, run: record.id, in: environment)
        }
        binding.isPartial = true
      } else {
        try await catchUp()
        try await store.markCommitted(sinks: missing, for: ownership)
      }
    }
    if var damage, request.jobHash != record.jobHash {
      damage.hint = "Put the job file back as it was when the run began, or the state store from a copy"
      throw damage
    }
    self.binding = binding
    guard let saved else { return }
    let present = request
    (request, context) = (bound, boundContext)
    if let changed = saved.changed(to: present) {
      warnings.append(
        "\(changed) changed since this run began to publish; it was finished as it was begun."
          + " Run again with --again to publish by the changed file")
    }
    if saved.jobText != present.jobText { request.job.takeAfterPublish(of: present.job) }
  }

  /// Brings a run whose result is published, and whose state does not know of it, to where it can be finished. A
  /// state that was copied before all chunks were done cannot be.
  private func catchUp() async throws {
    let (all, done) = try await store.chunkCounts(of: record.id)
    if done < all {
      throw Fault(
        "published_by_another", .conflict,
        "Run \(record.id) was finished with another copy of this state, which knows \(done) of its \(all) chunks",
        hint:
          "Use that copy; or give the run up here with `tidemark cancel \(record.id)` and run again with --again"
      )
    }
    guard record.state != .publishing, record.state != .failed, record.state != .interrupted else { return }
    try await store.move(
      ownership, RunMove(to: .interrupted, event: EventDraft("run_interrupted", .object([]))))
  }

  /// What was saved before the first commit. Damaged it is no more than missing: the job file and the plan's
  /// fingerprint may prove that nothing has changed.
  private func savedCommitment() async throws -> (Commitment?, damage: Fault?) {
    do {
      return (try Commitment(bytes: try await store.commitment(of: record.id)), nil)
    } catch let fault as Fault where fault.kind == .data {
      report(.planDamaged(fault))
      return (nil, fault)
    }
  }

  /// The plan as it was, without a question to the source. Nothing is read any more, so lookups are
  /// not loaded, and keys not resolved.
  /// - Returns: `nil` where chunks are still to be read, or what was saved is damaged.
  func committedPlan(_ spills: SpillFolder) async throws -> Prepared? {
    guard let binding, let saved = binding.commitment else { return nil }
    guard let bytes = try await store.plan(of: record.id) else {
      throw Fault(
        "bad_plan", .data, "The plan of run \(record.id) is gone from the state store",
        hint: "Run `tidemark state check`")
    }
    let known = try SavedChunks(bytes: bytes)
    if binding.isPartial, try await store.finishedChunks(of: record.id).count < known.chunks.count {
      return nil
    }
    var plan = try Planner.replay(
      PlanRequest(job: job, references: references, connections: nil),
      saved.answers)
    known.bind(&plan)
    try refuseOtherPartials(plan, known)
    return Prepared(plan: plan, work: try work(plan, lookups: [], PseudonymKeys(), spills), servers: [:])
  }

  /// What an older Tidemark has aggregated may have other columns than this one makes of the same job.
  private func refuseOtherPartials(_ plan: Plan, _ saved: SavedChunks) throws(Fault) {
    guard let signature = saved.signature, signature != PlanMarks.signature(plan, zone: context.zone.name)
    else { return }
    throw Fault(
      "bad_plan", .data,
      "The chunks of run \(record.id) are aggregated otherwise than this version of Tidemark does it",
      hint: "Go on with the version, and the `timezone`, that it was begun with;"
        + " or give up what is not published with `tidemark cancel --partial \(record.id)`")
  }

  /// What is planned now is not what the published part was made by.
  /// - Parameter isOlders: an older Tidemark has planned it, which may be all that has changed.
  func refuseOtherPlan(isOlders: Bool) -> Fault {
    let (what, way) =
      isOlders
      ? ("Tidemark, the source, a lookup or the job", "Go on with the version that it was begun with")
      : ("The source, a lookup or the job", "Undo the change and run again")
    return Fault(
      "source_changed", .validation,
      "\(what) has changed since run \(record.id) began to publish, so what is left of it cannot be made as it was planned",
      hint: binding?.isPartial == true
        ? "\(way); or give the run up with `tidemark cancel \(record.id)`: the next one takes its place"
        : "\(way), or put the state store back from a copy")
  }
}

extension Store {
  /// How many chunks a run's saved plan has, and how many are done.
  func chunkCounts(of run: RunID) async throws -> (all: Int, done: Int) {
    guard let bytes = try await plan(of: run) else { return (0, 0) }
    return (try SavedChunks(bytes: bytes).chunks.count, try await finishedChunks(of: run).count)
  }
}

extension Job {
  /// What runs behind a publish may be mended in the job file, and a run that waits for it go on.
  fileprivate mutating func takeAfterPublish(of other: Job) {
    for index in sinks.indices where index < other.sinks.count {
      guard case .table(var mine) = sinks[index], case .table(let theirs) = other.sinks[index],
        mine.name.source.text == theirs.name.source.text
      else { continue }
      mine.afterPublish = theirs.afterPublish
      sinks[index] = .table(mine)
    }
  }
}
