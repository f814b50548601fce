internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Postgres
internal import Runtime
internal import Sinks
internal import StateStore

/// Going only forward: what binds an attempt once a sink has committed.
extension Attempt {
  /// Past the first commit the run goes on by what was saved before it, whatever the job file and the
  /// source say by now.
  func bindToCommitment(_ asker: PlanAsker) async throws {
    let marks = try await store.sinkMarks(of: record.id)
    if marks.isEmpty { return }
    let saved = try Commitment(bytes: try await store.commitment(of: record.id))
    var bound = request
    bound.job = try environment.readJob(saved.jobText, saved.jobFile)
    bound.jobText = saved.jobText
    bound.choice = record.identity.interval.map(IntervalChoice.range) ?? .latest
    bound.parameters = record.identity.parameters
    var boundContext = try RunContext(
      bound, matrixRowName: record.identity.matrixRow, now: saved.fireTime, zones: environment.zones)
    boundContext.identity = record.identity
    if marks.allSatisfy({ $0.committedAt == nil }) {
      // A commit whose answer was lost, or that nothing could be written about any more.
      let search = CommitSearch(
        asker: asker, project: environment.project, references: boundContext.references, session: session)
      let known = try await search.sinks(of: bound.job, publishedBy: record)
      let missing = marks.map(\.sink).filter(known.contains)
      if missing.isEmpty { return }
      try await store.markCommitted(sinks: missing, for: ownership)
    }
    if saved.jobText != request.jobText {
      warnings.append(
        "the job file has changed since this run began to publish; it was finished as it was begun."
          + " Run again with --again to publish by the changed file")
      bound.job.takeAfterPublish(of: request.job)
    }
    request = bound
    context = boundContext
    commitment = saved
  }

  /// The plan as it was, without a question to the source. Nothing is read any more, so lookups are
  /// not loaded.
  func committedPlan(_ saved: Commitment, _ spills: SpillFolder) async throws -> Prepared {
    var plan = try Planner.replay(
      PlanRequest(job: job, references: references, connections: environment.project.connections),
      saved.answers)
    guard let bytes = try await store.plan(of: record.id) else {
      throw Fault(
        "bad_plan", .data, "The plan of run \(record.id) is gone from the state store",
        hint: "Run `tidemark state check`")
    }
    plan.chunks = try SavedChunks(bytes: bytes).chunks
    return Prepared(plan: plan, work: try work(plan, lookups: [], spills), servers: [:])
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
