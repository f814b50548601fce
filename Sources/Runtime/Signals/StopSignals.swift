internal import Glibc
internal import Synchronization

/// SIGTERM and SIGINT as the cancellation of work: the first asks it to stop and save, a second ends
/// the process at once.
///
/// A thread of its own waits for the signals, which are blocked everywhere else, so nothing runs
/// inside a signal handler.
package enum StopSignals {
  private static let current = Mutex<(@Sendable () -> Void)?>(nil)

  /// Must be called before any other thread is started: threads inherit which signals are blocked.
  package static func block() {
    var set = signals
    pthread_sigmask(SIG_BLOCK, &set, nil)
    var thread = pthread_t()
    pthread_create(&thread, nil, { _ in StopSignals.wait() }, nil)
  }

  private static var signals: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    return set
  }

  private static func wait() -> UnsafeMutableRawPointer? {
    var set = signals
    var count = 0
    while true {
      var number: Int32 = 0
      if sigwait(&set, &number) != 0 { continue }
      count += 1
      let cancel = current.withLock { $0 }
      guard let cancel, count == 1 else { _exit(count == 1 ? 128 + number : 7) }
      cancel()
    }
  }

  /// Runs `work` in a task that a signal cancels.
  /// - Throws: what `work` throws.
  package static func cancelling<Output: Sendable>(
    _ work: @escaping @Sendable () async throws -> Output
  ) async throws -> Output {
    let task = Task { try await work() }
    current.withLock { $0 = { task.cancel() } }
    defer { current.withLock { $0 = nil } }
    return try await task.value
  }
}
