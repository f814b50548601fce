internal import Glibc
internal import Synchronization

/// SIGTERM, SIGINT and SIGHUP as the cancellation of work: the first asks it to stop and save, a
/// second ends the process at once. Whoever reloads on SIGHUP says so, and is not stopped by it.
///
/// The handler only writes the signal's number into a pipe; a thread of its own reads it. Blocking
/// the signals and waiting for them would not do: the main thread of a program with an asynchronous
/// `main` sleeps with every signal let through (dispatch_main), and would be ended by the first one.
package enum StopSignals {
  private static let course = Mutex(StopCourse())

  /// Has the signals caught from now on. To be called once, as the very first thing.
  /// - Parameter isService: it runs until it is stopped. To be stopped before it has begun is a clean end
  ///   then, with status 0, and SIGHUP asks for nothing that it would not read anyway.
  package static func install(isService: Bool) {
    course.withLock { $0.isService = isService }
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
    while true {
      var byte: UInt8 = 0
      guard read(file, &byte, 1) == 1 else { continue }
      let number = Int32(byte)
      switch course.withLock({ $0.on(isHangup: number == SIGHUP, at: .now) }) {
      case .nothing: break
      case .call(let act): act()
      case .end(let status): _exit(status)
      case .die:
        // By the signal itself, which tells a shell and systemd more than a status; the first process of
        // a container does not die of it.
        signal(number, SIG_DFL)
        raise(number)
        _exit(128 + number)
      }
    }
  }

  /// Has SIGHUP call `reload` from now on.
  package static func onHangup(_ reload: @escaping @Sendable () -> Void) {
    course.withLock { $0.reload = reload }
  }

  /// Runs `work` in a task that a signal cancels; one that came after earlier work has it cancelled at once.
  /// - Throws: what `work` throws.
  package static func cancelling<Output: Sendable>(
    _ work: @escaping @Sendable () async throws -> Output
  ) async throws -> Output {
    let task = Task { try await work() }
    if course.withLock({ $0.begin { task.cancel() } }) { task.cancel() }
    defer { course.withLock { $0.cancel = nil } }
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
