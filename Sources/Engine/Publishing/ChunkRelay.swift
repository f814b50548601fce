internal import Model
internal import Synchronization

/// Between those who read chunks and the one who stores their rows meanwhile: tells the one which chunks are done, and
/// keeps the others from running so far ahead that, on processors they share, all are waited for the one in the end.
final class ChunkRelay: Sendable {
  private struct State {
    var done: Set<ChunkID> = []
    /// Chunks that are being read, or that wait to be stored.
    var underway: Set<ChunkID> = []
    var isStoring = true
    /// Nothing more is read.
    var isOver = false
    /// Why the result cannot be stored, whatever is still read.
    var refusal: Fault?
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// How many chunks may be underway.
    let window: Int

    func mayBegin(_ chunk: ChunkID) -> Bool {
      !isStoring || underway.count < window || underway.allSatisfy { chunk < $0 }
    }
  }

  // A lock around plain data; nobody waits inside.
  private let state: Mutex<State>

  /// - Parameter readers: who each read a chunk at a time. One chunk more may wait to be stored.
  init(readers: Int) {
    state = Mutex(State(window: readers + 1))
  }

  /// Waits until a chunk may be read. The first of those that are not stored always may: it is what all wait for.
  /// - Throws: `CancellationError`; as `finish`.
  func begin(_ chunk: ChunkID) async throws {
    var isBegun = false
    while !isBegun {
      try await wait { $0.mayBegin(chunk) }
      isBegun = state.withLock { state in
        let isFree = state.mayBegin(chunk)
        if isFree { state.underway.insert(chunk) }
        return isFree
      }
    }
    try refuseToRead()
  }

  /// The rows of a chunk have all been taken.
  func store(_ chunk: ChunkID) { update { $0.underway.remove(chunk) } }

  /// Nobody stores any more.
  func endStoring() { update { $0.isStoring = false } }

  /// The chunk has its checkpoint.
  /// - Throws: why its rows cannot be stored, so that nothing more is read for nothing.
  func finish(_ chunk: ChunkID) throws(Fault) {
    update { $0.done.insert(chunk) }
    try refuseToRead()
  }

  private func refuseToRead() throws(Fault) {
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
