internal import Glibc
package import Model

/// A program started by us, always waited for, so that it leaves no zombie.
///
/// A thread of its own starts it and waits for it. That thread lives exactly as long as the
/// program, so a parent-death signal that the program asks for (`setpriv --pdeathsig`, which Linux
/// ties to the parent's thread) comes when this process dies, and not before.
package final class ChildProcess: Sendable {
  package let identifier: Int32
  private let state: Monitor<State>

  private struct State {
    var identifier: Result<Int32, Fault>?
    var exit: Exit?
    /// It is dead, and perhaps not reaped yet.
    var isDead = false
    /// Its number, which is its group's too, is to stay its own for now.
    var isHeld = false
  }

  package enum Exit: Hashable, Sendable {
    case status(Int32)
    case signal(Int32)
  }

  /// Starts `arguments[0]`, a path.
  /// - Parameters:
  ///   - environment: all of its variables; nothing is inherited.
  ///   - input: the file that it reads as its standard input.
  ///   - output: the file that its standard output and error are appended to.
  /// - Throws: `Fault` `cannot_start`, or `no_thread`.
  package init(
    _ arguments: [String], environment: [String: String], input: String = "/dev/null", output: String
  ) throws(Fault) {
    let state = Monitor(State())
    try OwnThread.start(name: "child") {
      let started = Self.spawn(arguments, environment, input, output)
      state.update { $0.identifier = started }
      guard case .success(let identifier) = started else { return }
      Self.awaitDeath(identifier)
      state.update { $0.isDead = true }
      _ = state.wait { state -> Bool? in
        if state.isHeld { return nil }
        state.exit = Self.reap(identifier)
        return true
      }
      // Wakes those who wait for the exit.
      state.update { _ in }
    }
    identifier = try state.wait { $0.identifier }.get()
    self.state = state
  }

  /// How it ended; `nil` while it runs.
  package var exit: Exit? { state.update { $0.exit } }

  /// Sends a signal to the program and all it has started.
  package func signal(_ number: Int32) {
    // Not to a process that is gone: its number may be somebody else's by now.
    state.update { state in
      if state.exit == nil { _ = kill(-identifier, number) }
    }
  }

  /// Ends the program and all it has started: politely, and at once where it is still there after `grace`. What it has
  /// started is not waited for once the program itself is dead. Blocks the calling thread.
  package func end(grace: Duration) {
    let isThere = state.update { state in
      if state.exit != nil { return false }
      state.isHeld = true
      _ = kill(-identifier, SIGTERM)
      return true
    }
    if !isThere { return }
    _ = state.wait(atMost: grace) { $0.isDead ? true : nil }
    state.update { state in
      _ = kill(-identifier, SIGKILL)
      state.isHeld = false
    }
    _ = wait(atMost: .seconds(10))
  }

  /// Blocks the calling thread until the program has ended, or `limit` has passed.
  package func wait(atMost limit: Duration) -> Exit? {
    state.wait(atMost: limit) { $0.exit }
  }

  /// The same without blocking the thread of a task that waits for it.
  /// - Throws: `Fault` `no_thread`.
  package func exit(within limit: Duration) async throws(Fault) -> Exit? {
    let thread = try ThreadExecutor(name: "waiting")
    return await withTaskExecutorPreference(thread) { wait(atMost: limit) }
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], _ input: String, _ output: String
  ) -> Result<Int32, Fault> {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A group of its own: an interrupt typed at the terminal is for us, and a signal for the
    // program reaches all it has started.
    posix_spawnattr_setpgroup(&attributes, 0)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var texts = arguments.map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (texts + variables).forEach { free($0) } }
    var identifier: pid_t = 0
    let status = posix_spawn(&identifier, arguments[0], &actions, &attributes, &texts, &variables)
    if status != 0 {
      return .failure(
        Fault(
          "cannot_start", .resource, "Cannot start `\(arguments[0])`", cause: SystemFault.text(of: status)))
    }
    return .success(identifier)
  }

  /// Leaves it as a zombie, so that its number is nobody else's.
  private static func awaitDeath(_ identifier: Int32) {
    var information = siginfo_t()
    while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) < 0 {
      if errno != EINTR { return }
    }
  }

  private static func reap(_ identifier: Int32) -> Exit {
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0 {
      if errno != EINTR { return .status(-1) }
    }
    // The macros of <sys/wait.h>: the low seven bits are the signal, the next byte the status.
    return status & 0x7f == 0 ? .status(status >> 8 & 0xff) : .signal(status & 0x7f)
  }
}
