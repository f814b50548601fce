internal import Model
internal import Planning
internal import Synchronization

/// The chunks of a plan that are still to be read, handed out in order, and who reads within which snapshot.
final class ChunkQueue: Sendable {
  private struct State {
    var waiting: [PlannedChunk]
    var isStopped = false
    /// How many workers are within the snapshot of a connection.
    var readers: [String: Int] = [:]
  }

  // A lock around plain data; nothing waits inside.
  private let state: Mutex<State>

  init(_ chunks: [PlannedChunk]) {
    // The next one is the last of the list.
    state = Mutex(State(waiting: chunks.reversed()))
  }

  /// The next chunk.
  /// - Parameter connections: those whose snapshots the worker is within.
  /// - Returns: `nil` when all are handed out or somebody stopped the queue: the worker does not count as a reader then.
  func next(within connections: some Sequence<String>) -> PlannedChunk? {
    state.withLock { state in
      if !state.isStopped, let chunk = state.waiting.popLast() { return chunk }
      for name in connections { state.readers[name, default: 0] -= 1 }
      return nil
    }
  }

  /// A worker is within the snapshot of a connection.
  func enter(_ connection: String) {
    state.withLock { $0.readers[connection, default: 0] += 1 }
  }

  /// A worker is not any more.
  func leave(_ connection: String) {
    state.withLock { $0.readers[connection, default: 0] -= 1 }
  }

  /// Leaves a chunk to those who are within the snapshot of its connection, each of whom will ask for a next one.
  /// - Returns: false where nobody is, and the chunk stays with who has it.
  func leave(_ chunk: PlannedChunk, toReadersOf connection: String) -> Bool {
    state.withLock { state in
      if state.isStopped || state.readers[connection, default: 0] == 0 { return false }
      state.waiting.append(chunk)
      return true
    }
  }

  /// Hands out nothing more; chunks in flight are finished.
  func stop() {
    state.withLock { $0.isStopped = true }
  }
}
