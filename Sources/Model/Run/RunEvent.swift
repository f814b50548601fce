/// Everything that can happen to a run, as one closed list: it feeds the log, the audit trail,
/// progress and notices alike.
package enum RunEvent: Hashable, Sendable {
  case opened(revision: Int, isResumed: Bool)
  /// A dead or stopped owner's run goes on under this process.
  case takenOver(from: String)
  case superseded(RunID, reason: String)
  case waiting(reason: String)
  case planned(chunks: Int, sources: Int, estimatedRows: Double, finished: Int)
  case snapshotTaken(connection: String, snapshot: String)
  case lookupLoaded(step: String, rows: Int)
  /// What became of the finished chunks of an earlier attempt.
  case resumed(kept: Int, recomputed: Int, reason: String)
  case chunkStarted(ChunkID, worker: Int)
  case chunkProgress(ChunkID, rows: Int64, bytes: Int64)
  case chunkDone(ChunkID, RowCounts)
  /// Under `publish: per_chunk`: a finished chunk can be seen in the tables.
  case chunkPublished(ChunkID, rows: Int64)
  case chunkRetried(ChunkID, attempt: Int, wait: Duration, Fault)
  /// What is stored of a finished chunk cannot be used; it is computed again.
  case chunkDamaged(ChunkID, Fault)
  /// The stored plan cannot be used; the run is planned again, and all chunks are computed again.
  case planDamaged(Fault)
  case merging(inputs: Int)
  case prepared(rows: Int64, hash: String)
  case checkJudged(name: String, severity: Check.Severity, passed: Bool, detail: String)
  case publishRetried(attempt: Int, wait: Duration, Fault)
  case published(sink: String, target: String, rows: Int64, deleted: Int64)
  case alreadyPublished(sink: String, run: String)
  case succeeded(rows: RowCounts, groups: Int64, seconds: Double)
  case failed(Fault)
  case interrupted(reason: String)
  case cancelled(reason: String)

  /// A stable name, for logs and the audit trail.
  package var name: String {
    switch self {
    case .opened: "run_opened"
    case .takenOver: "run_taken_over"
    case .superseded: "run_superseded"
    case .waiting: "run_waiting"
    case .planned: "run_planned"
    case .snapshotTaken: "snapshot_taken"
    case .lookupLoaded: "lookup_loaded"
    case .resumed: "run_resumed"
    case .chunkStarted: "chunk_started"
    case .chunkProgress: "chunk_progress"
    case .chunkDone: "chunk_done"
    case .chunkPublished: "chunk_published"
    case .chunkRetried: "chunk_retried"
    case .chunkDamaged: "chunk_damaged"
    case .planDamaged: "plan_damaged"
    case .merging: "merge_started"
    case .prepared: "result_prepared"
    case .checkJudged: "check_judged"
    case .publishRetried: "publish_retried"
    case .published: "sink_published"
    case .alreadyPublished: "sink_already_published"
    case .succeeded: "run_succeeded"
    case .failed: "run_failed"
    case .interrupted: "run_interrupted"
    case .cancelled: "run_cancelled"
    }
  }

  /// How much it matters to somebody who reads the log.
  package var level: Level {
    switch self {
    case .chunkStarted, .chunkProgress, .snapshotTaken: .debug
    case .chunkRetried, .chunkDamaged, .planDamaged, .publishRetried, .superseded, .takenOver, .cancelled,
      .interrupted:
      .warning
    case .checkJudged(_, _, let passed, _): passed ? .info : .warning
    case .failed: .error
    default: .info
    }
  }

  package enum Level: Int, Hashable, Sendable, Comparable {
    case debug, info, warning, error

    package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
  }

  /// Its facts, by name, in a fixed order.
  package var facts: [JSONValue.Member] {
    switch self {
    case .opened(let revision, let isResumed):
      [.init("revision", .integer(revision)), .init("resumed", .boolean(isResumed))]
    case .takenOver(let owner): [.init("from", .string(owner))]
    case .superseded(let run, let reason):
      [.init("old_run", .string(run.text)), .init("reason", .string(reason))]
    case .waiting(let reason): [.init("reason", .string(reason))]
    case .planned(let chunks, let sources, let rows, let finished):
      [
        .init("chunks", .integer(chunks)), .init("sources", .integer(sources)),
        .init("estimated_rows", .integer(Int64(estimate: rows))),
        .init("finished", .integer(finished)),
      ]
    case .snapshotTaken(let connection, let snapshot):
      [.init("connection", .string(connection)), .init("snapshot", .string(snapshot))]
    case .lookupLoaded(let step, let rows):
      [.init("step", .string(step)), .init("rows", .integer(rows))]
    case .resumed(let kept, let recomputed, let reason):
      [
        .init("kept", .integer(kept)), .init("recomputed", .integer(recomputed)),
        .init("reason", .string(reason)),
      ]
    case .chunkStarted(let chunk, let worker):
      [.init("chunk", .integer(chunk.number)), .init("worker", .integer(worker))]
    case .chunkProgress(let chunk, let rows, let bytes):
      [
        .init("chunk", .integer(chunk.number)), .init("rows", .integer(rows)),
        .init("bytes", .integer(bytes)),
      ]
    case .chunkDone(let chunk, let counts):
      [.init("chunk", .integer(chunk.number))] + RunEvent.facts(of: counts)
    case .chunkPublished(let chunk, let rows):
      [.init("chunk", .integer(chunk.number)), .init("rows", .integer(rows))]
    case .chunkRetried(let chunk, let attempt, let wait, let fault):
      [
        .init("chunk", .integer(chunk.number)), .init("attempt", .integer(attempt)),
        .init("wait_ms", .integer(wait.milliseconds)), .init("code", .string(fault.code)),
        .init("fault", .string(fault.sentence)), .init("cause", .optional(fault.cause)),
      ]
    case .chunkDamaged(let chunk, let fault):
      [
        .init("chunk", .integer(chunk.number)), .init("code", .string(fault.code)),
        .init("fault", .string(fault.sentence)),
      ]
    case .planDamaged(let fault):
      [.init("code", .string(fault.code)), .init("fault", .string(fault.sentence))]
    case .merging(let inputs): [.init("inputs", .integer(inputs))]
    case .prepared(let rows, let hash):
      [.init("rows", .integer(rows)), .init("hash", .string(hash))]
    case .checkJudged(let name, let severity, let passed, let detail):
      [
        .init("check", .string(name)), .init("severity", .string(severity.rawValue)),
        .init("passed", .boolean(passed)), .init("detail", .string(detail)),
      ]
    case .publishRetried(let attempt, let wait, let fault):
      [
        .init("attempt", .integer(attempt)), .init("wait_ms", .integer(wait.milliseconds)),
        .init("code", .string(fault.code)), .init("fault", .string(fault.sentence)),
        .init("cause", .optional(fault.cause)),
      ]
    case .published(let sink, let target, let rows, let deleted):
      [
        .init("sink", .string(sink)), .init("target", .string(target)),
        .init("rows", .integer(rows)), .init("deleted", .integer(deleted)),
      ]
    case .alreadyPublished(let sink, let run):
      [.init("sink", .string(sink)), .init("by_run", .string(run))]
    case .succeeded(let counts, let groups, let seconds):
      RunEvent.facts(of: counts) + [
        .init("result_rows", .integer(groups)), .init("ms", .integer(Int64(seconds * 1000))),
      ]
    case .failed(let fault):
      [
        .init("code", .string(fault.code)), .init("class", .string(fault.kind.rawValue)),
        .init("fault", .string(fault.sentence)), .init("cause", .optional(fault.cause)),
      ]
    case .interrupted(let reason), .cancelled(let reason): [.init("reason", .string(reason))]
    }
  }

  private static func facts(of counts: RowCounts) -> [JSONValue.Member] {
    [
      .init("read", .integer(counts.read)), .init("kept", .integer(counts.kept)),
      .init("filtered", .integer(counts.filtered)),
      .init("quarantined", .integer(counts.quarantined)),
      .init("dropped", .integer(counts.dropped)), .init("bytes", .integer(counts.bytes)),
    ]
  }
}

extension Duration {
  /// Whole milliseconds, towards zero.
  package var milliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }
}
