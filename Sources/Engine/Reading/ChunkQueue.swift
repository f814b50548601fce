internal import Model
internal import Planning
internal import Synchronization

/// The chunks of a plan that are still to be read, handed out in order, each once.
final class ChunkQueue: Sendable {
  private struct State {
    var waiting: ArraySlice<PlannedChunk>
    var isStopped = false
  }

  // A lock around plain data; nothing waits inside.
  private let state: Mutex<State>

  init(_ chunks: [PlannedChunk]) {
    state = Mutex(State(waiting: chunks[...]))
  }

  /// The next chunk; `nil` when all are handed out or somebody stopped the queue.
  func next() -> PlannedChunk? {
    state.withLock { $0.isStopped ? nil : $0.waiting.popFirst() }
  }

  /// Hands out nothing more; chunks in flight are finished.
  func stop() {
    state.withLock { $0.isStopped = true }
  }

  var isStopped: Bool { state.withLock { $0.isStopped } }
}
