internal import Glibc
internal import Synchronization

/// SIGTERM, SIGINT and SIGHUP as the cancellation of work: the first asks it to stop and save, a
/// second ends the process at once. Whoever reloads on SIGHUP says so, and is not stopped by it.
///
/// The handler only writes the signal's number into a pipe; a thread of its own reads it. Blocking
/// the signals and waiting for them would not do: the main thread of a program with an asynchronous
/// `main` sleeps with every signal let through (dispatch_main), and would be ended by the first one.
package enum StopSignals {
  private static let current = Mutex<(@Sendable () -> Void)?>(nil)
  private static let hangup = Mutex<(@Sendable () -> Void)?>(nil)

  /// Has the signals caught from now on. To be called once, before there is work to stop.
  package static func install() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    handlerPipe = ends[1]
    let reading = ends[0]
    var action = sigaction()
    action.__sigaction_handler.sa_handler = noteSignal
    action.sa_flags = SA_RESTART
    do {
      try OwnThread.start(name: "signals") { wait(reading) }
    } catch {
      // Without the thread nobody would hear: the signals keep ending the process.
      return
    }
    for number in [SIGTERM, SIGINT, SIGHUP] { sigaction(number, &action, nil) }
  }

  private static func wait(_ file: Int32) {
    var count = 0
    while true {
      var byte: UInt8 = 0
      guard read(file, &byte, 1) == 1 else { continue }
      let number = Int32(byte)
      if number == SIGHUP, let reload = hangup.withLock({ $0 }) {
        reload()
        continue
      }
      count += 1
      let cancel = current.withLock { $0 }
      guard let cancel, count == 1 else { _exit(count == 1 ? 128 + number : 7) }
      cancel()
    }
  }

  /// Has SIGHUP call `reload` from now on; `nil` makes it a stop again.
  package static func onHangup(_ reload: (@Sendable () -> Void)?) {
    hangup.withLock { $0 = reload }
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

/// Written once before the handler is installed, read by it alone.
private nonisolated(unsafe) var handlerPipe: Int32 = -1

/// Runs inside a signal handler, where little more than `write` is allowed.
private func noteSignal(_ number: Int32) {
  let saved = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = write(handlerPipe, &byte, 1)
  errno = saved
}
