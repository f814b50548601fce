internal import Model
internal import Runtime
internal import Synchronization

/// Tells systemd how far a run is, and asks it for time when the run is stopped and has to save.
final class ServiceStatus: Sendable {
  private struct Progress {
    var done = 0
    var chunks = 0
  }

  private let job: JobName
  private let manager = ServiceManager()
  private let progress = Mutex(Progress())

  /// How long what is in flight may take to be saved.
  private static let patience = Duration.seconds(60)

  init(job: JobName) {
    self.job = job
  }

  func on(_ event: RunEvent) {
    switch event {
    case .planned(let chunks, _, _, let finished):
      progress.withLock { $0 = Progress(done: finished, chunks: chunks) }
    case .chunkDone: progress.withLock { $0.done += 1 }
    case .merging: return manager.status("\(job): merging")
    case .prepared: return manager.status("\(job): publishing")
    case .waiting(let reason): return manager.status("\(job): waiting: \(reason)")
    case .succeeded: return manager.status("\(job): succeeded")
    default: return
    }
    let now = progress.withLock { $0 }
    manager.status("\(job): \(now.done) of \(now.chunks) chunks")
  }

  /// Runs `work`; when its task is cancelled, systemd is told that the process saves and then ends.
  static func savingWhenStopped<Output: Sendable>(
    _ work: () async throws -> Output
  ) async throws -> Output {
    try await withTaskCancellationHandler {
      try await work()
    } onCancel: {
      ServiceManager().stopping(within: patience)
    }
  }
}
