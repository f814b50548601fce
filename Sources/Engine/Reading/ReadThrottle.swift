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
    var rest = take(rows)
    while let nap = nap(&rest) {
      if Task.isCancelled { throw CancellationError() }
      usleep(UInt32(max(nap / .microseconds(1), 1)))
    }
  }

  /// The same between two chunks, where no thread is kept.
  func rest(_ rows: Int64) async throws {
    var rest = take(rows)
    while let nap = nap(&rest) { try await Task.sleep(for: nap) }
  }

  private func take(_ rows: Int64) -> Duration {
    state.withLock { $0.budget?.take(rows, now: .now) ?? .zero }
  }

  /// The next part of a wait; `nil` where it is over.
  private func nap(_ rest: inout Duration) -> Duration? {
    guard rest > .zero || isPaused else { return nil }
    let nap = rest > .zero ? min(rest, ReadThrottle.step) : ReadThrottle.step
    rest -= nap
    return nap
  }
}
