internal import Glibc
internal import Model
internal import Synchronization

/// Holds the reading of a run back: to so many rows a second, and while a replica is too far behind.
/// All its workers share one.
final class ReadThrottle: Sendable {
  private struct State {
    var budget: RowBudget?
    var isPaused = false
  }

  // A lock around plain data; nobody waits inside.
  private let state: Mutex<State>

  /// How soon a worker that waits notices a stop or the end of a pause.
  private static let step = Duration.milliseconds(20)

  /// `nil` where the job asks for neither.
  init?(_ limits: Limits) {
    if limits.maximumRowsPerSecond == nil, limits.maximumReplicationLag == nil { return nil }
    state = Mutex(
      State(budget: limits.maximumRowsPerSecond.map { RowBudget(perSecond: $0, now: .now) }))
  }

  var isPaused: Bool { state.withLock { $0.isPaused } }

  func pause(_ isPaused: Bool) {
    state.withLock { $0.isPaused = isPaused }
  }

  /// Keeps the calling thread, which must be a connection's own, until the next rows may be read. What
  /// the server has ready waits with it: it stops sending when nobody takes.
  /// - Throws: `CancellationError` where the task is cancelled meanwhile.
  func hold(_ rows: Int64) throws {
    var rest = state.withLock { $0.budget?.take(rows, now: .now) ?? .zero }
    while rest > .zero || isPaused {
      if Task.isCancelled { throw CancellationError() }
      let nap = rest > .zero ? min(rest, ReadThrottle.step) : ReadThrottle.step
      usleep(UInt32(max(nap / .microseconds(1), 1)))
      rest -= nap
    }
  }
}
