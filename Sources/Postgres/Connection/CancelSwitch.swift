internal import CLibPQ
internal import Runtime

/// Cancels what a connection is doing, from any thread, around the connection's own queue.
///
/// A cancel that reaches the server before the statement does is lost, so the request is repeated
/// until the statement is over.
final class CancelSwitch: Sendable {
  private struct State {
    /// Counts operations; odd while one is going.
    var operation = 0
    var senders = 0
    var requestedAt: ContinuousClock.Instant?

    var isRunning: Bool { operation % 2 == 1 }
  }

  private let state = Monitor(State())
  // libpq's own words: PQcancel only reads it, and may be called from any thread.
  private nonisolated(unsafe) let request: OpaquePointer

  init(_ request: OpaquePointer) {
    self.request = request
  }

  deinit { PQfreeCancel(request) }

  func begin() {
    state.update {
      $0.operation += 1
      $0.requestedAt = nil
    }
  }

  /// Ends the operation, once no cancel is under way for it any more.
  /// - Returns: true where it was asked to stop.
  func end() -> Bool {
    let wasRequested = state.update { state in
      state.operation += 1
      return state.requestedAt != nil
    }
    if wasRequested {
      _ = state.wait(atMost: .seconds(5)) { $0.senders == 0 ? true : nil }
    }
    return wasRequested
  }

  /// When the operation that is going on was asked to stop.
  var requestedAt: ContinuousClock.Instant? { state.update { $0.requestedAt } }

  /// Asks the server to stop the operation that is going on; nothing where there is none.
  func cancel() {
    let operation: Int? = state.update { state in
      guard state.isRunning, state.requestedAt == nil else { return nil }
      state.requestedAt = .now
      state.senders += 1
      return state.operation
    }
    guard let operation else { return }
    do {
      // PQcancel opens a connection of its own and may wait for the network.
      try OwnThread.start(name: "pg-cancel") { self.send(until: operation) }
    } catch {
      send(until: operation, attempts: 1)
    }
  }

  private func send(until operation: Int, attempts: Int = 60) {
    var message = [CChar](repeating: 0, count: 256)
    var pause = Duration.milliseconds(50)
    for _ in 0..<attempts {
      // A refused request is not an end: the server may be short of connections for a moment.
      _ = PQcancel(request, &message, Int32(message.count))
      let isOver = state.wait(atMost: pause) { $0.operation != operation ? true : nil }
      if isOver == true { break }
      pause = min(pause * 2, .seconds(1))
    }
    state.update { $0.senders -= 1 }
  }
}
