internal import Compute
internal import Expressions
internal import Model
internal import Planning
internal import Runtime
internal import Sinks
internal import StateStore

/// Merges the partials of all chunks into the result, once: into the spool, into files under
/// temporary names, past the checks and the window guards.
struct ResultMaker {
  var environment: EngineEnvironment
  var plan: Plan
  var run: RunID
  var work: ChunkWork

  /// One sorted run of blocks of a chunk's partial.
  private struct Input {
    var chunk: ChunkID
    var rest: Range<Int>

    static func of(_ chunk: ChunkID, runs: [Int]) -> [Input] {
      var start = 0
      return runs.map { count in
        defer { start += count }
        return Input(chunk: chunk, rest: start..<start + count)
      }
    }
  }

  /// What one pass over the result gave.
  struct Made {
    var hash: String
    var rows: Int64
  }

  func make(
    spool: ResultSpool, files: [PreparedFile], guards: [WindowGuard], checks: inout [CheckJudge]
  ) async throws -> Made {
    let records = try await environment.store.finishedChunks(of: run)
    var inputs = records.flatMap { record in
      Input.of(record.chunk, runs: ResumeProof.runs(record.proof))
    }
    environment.report(run, .merging(inputs: inputs.count))
    let stream = try work.merge(inputs: inputs.count)
    merging: while true {
      switch try stream.next() {
      case .need(let input):
        if let index = inputs[input].rest.popFirst(),
          let block = try await environment.store.readBlock(run, chunk: inputs[input].chunk, index: index)
        {
          try stream.offer(block, to: input)
        } else {
          stream.end(input)
        }
        try Failpoint.hit(.mergeMiddle)
      case .rows(let batch):
        for window in guards { try window.check(batch) }
        for index in checks.indices { try checks[index].add(batch) }
        try spool.append(batch)
        for file in files { try file.append(batch) }
        try Task.checkCancellation()
      case .done:
        break merging
      }
    }
    let hash = try spool.finish()
    for file in files { try file.prepare() }
    return Made(hash: hash, rows: spool.rows)
  }
}
