internal import Model
internal import Synchronization

/// Tells the one who stores rows while they are read which chunks are done.
final class ChunkRelay: Sendable {
  private struct State {
    var done: Set<ChunkID> = []
    /// Nothing more is read.
    var isOver = false
    /// Why the result cannot be stored, whatever is still read.
    var refusal: Fault?
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  // A lock around plain data; nobody waits inside.
  private let state = Mutex(State())

  /// The chunk has its checkpoint.
  /// - Throws: why its rows cannot be stored, so that nothing more is read for nothing.
  func finish(_ chunk: ChunkID) throws(Fault) {
    update { $0.done.insert(chunk) }
    if let refusal = state.withLock({ $0.refusal }) { throw refusal }
  }

  /// The result cannot be stored.
  func refuse(_ fault: Fault) { update { $0.refusal = fault } }

  /// Nothing more is read.
  func end() { update { $0.isOver = true } }

  /// - Throws: `CancellationError`, also where the chunk will not be done any more.
  func waitUntilFinished(_ chunk: ChunkID) async throws {
    try await wait { $0.done.contains(chunk) || $0.isOver }
    if !state.withLock({ $0.done.contains(chunk) }) { throw CancellationError() }
  }

  private func update(_ change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Looks again with every change.
  private func wait(until isMet: @Sendable (State) -> Bool) async throws {
    while !state.withLock({ isMet($0) }) {
      try Task.checkCancellation()
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          // What has come before is seen here, what comes after finds who waits.
          let isNews = state.withLock { state in
            if isMet(state) || Task.isCancelled { return true }
            state.waiting.append(continuation)
            return false
          }
          if isNews { continuation.resume() }
        }
      } onCancel: {
        update { _ in }
      }
    }
  }
}
