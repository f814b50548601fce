internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Runtime
internal import Sinks
internal import StateStore

/// Merges the partials of all chunks into the result: into the target or a spool, into files under
/// temporary names, past the checks and the window guards.
struct ResultMaker {
  var environment: EngineEnvironment
  var plan: Plan
  var run: RunID
  var work: ChunkWork

  /// What one pass over the result gave.
  struct Made {
    var hash: String
    var rows: Int64
    /// What came of the checks, in their order.
    var verdicts: [(check: TypedCheck, verdict: CheckJudge.Verdict)]
  }

  /// - Parameters:
  ///   - inputs: the partials of all chunks.
  ///   - targets: whose windows and scopes no row may be outside of.
  ///   - checks: to be judged; what becomes of the result then is for the caller to say.
  /// - Throws: `DamagedChunk` for a stored partial that cannot be used; `Fault` `outside_window`, `outside_scope`.
  func make(
    of inputs: [any SortedRun], into output: any ResultOutput, files: [PreparedFile],
    targets: [TableTarget], checks: [TypedCheck]
  ) async throws -> Made {
    let guards = targets.compactMap { WindowGuard($0, result: plan.result) }
    let scopes = try targets.compactMap { try ScopeGuard($0, result: plan.result, zones: work.zones) }
    var judges = try checks.map { check throws(Fault) in
      try CheckJudge(check, result: plan.result, zones: work.zones)
    }
    let stream = try work.merge(inputs: inputs.count)
    try await stream.forEachBatch(of: inputs) { batch in
      for window in guards { try window.check(batch) }
      for scope in scopes { try scope.check(batch) }
      for index in judges.indices { try judges[index].add(batch) }
      try await output.append(batch)
      for file in files { try file.append(batch) }
    }
    let hash = try await output.finish()
    for file in files { try file.prepare() }
    return Made(
      hash: hash, rows: output.rows, verdicts: try CheckJudge.verdicts(of: &judges, zones: work.zones))
  }

  /// The partials of chunks that are all done, brought down to as many as may be open at once.
  func partials() async throws -> [any SortedRun] {
    let runs = try await environment.store.finishedChunks(of: run).map {
      ChunkRun($0, of: run, in: environment.store)
    }
    return work.isSorted ? try await RunReducer(work, memory: work.memory).reduced(runs) : runs
  }
}
