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
  }

  /// - Parameter inputs: the partials of all chunks.
  /// - Throws: `DamagedChunk` for a stored partial that cannot be used.
  func make(
    of inputs: [any SortedRun], into output: any ResultOutput, files: [PreparedFile], guards: [WindowGuard],
    checks: inout [CheckJudge]
  ) async throws -> Made {
    let stream = try work.merge(inputs: inputs.count)
    try await stream.forEachBatch(of: inputs) { batch in
      for window in guards { try window.check(batch) }
      for index in checks.indices { try checks[index].add(batch) }
      try await output.append(batch)
      for file in files { try file.append(batch) }
    }
    let hash = try await output.finish()
    for file in files { try file.prepare() }
    return Made(hash: hash, rows: output.rows)
  }

  /// The partials of chunks that are all done, brought down to as many as may be open at once.
  func partials() async throws -> [any SortedRun] {
    let runs = try await environment.store.finishedChunks(of: run).map {
      ChunkRun($0, of: run, in: environment.store)
    }
    return work.isSorted ? try await RunReducer(work, memory: work.memory).reduced(runs) : runs
  }
}
