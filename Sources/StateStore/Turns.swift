/// So many turns at something, handed from one to the next in the order they came: part of an actor's state.
///
/// Unlike `Permits` it is not let go by cancellation: what is worth saving is saved.
struct Turns {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) { free = count }

  /// Resumes `continuation` once it has a turn.
  ///
  /// Whether one is free is looked at here, within the continuation: before it others may come in between,
  /// and the turn that is waited for may have been handed on already.
  mutating func join(_ continuation: CheckedContinuation<Void, Never>) {
    if free > 0 {
      free -= 1
      continuation.resume()
    } else {
      waiting.append(continuation)
    }
  }

  /// Hands a turn on, so that nobody can come in between.
  mutating func leave() {
    if waiting.isEmpty {
      free += 1
    } else {
      waiting.removeFirst().resume()
    }
  }
}
