internal import Model
internal import Runtime
internal import Synchronization

/// Shows what happens to runs: a live bar where a terminal is there to show it, log lines otherwise.
final class RunReporter: Sendable {
  private let log: Log
  private let bar: Mutex<ProgressBar?>
  private let leavesFaultsOut: Bool

  /// - Parameter leavesFaultsOut: the fault that ends a run is told on standard error by the caller, so
  ///   that the log need not say it there as well.
  init(log: Log, isLive: Bool, isQuiet: Bool, leavesFaultsOut: Bool = false) {
    self.log = log
    self.leavesFaultsOut = leavesFaultsOut
    bar = Mutex(isLive && !isQuiet ? ProgressBar(style: Terminal.errorStyle) : nil)
  }

  /// For a command that prints how its run ended.
  convenience init(_ invocation: Invocation, log: Log) {
    self.init(
      log: log, isLive: Terminal.errorIsTerminal && !invocation.has("json"),
      isQuiet: invocation.has("quiet"),
      leavesFaultsOut: !invocation.has("json") && !invocation.has("log-file"))
  }

  /// For a command that tells of several runs, each when it has ended: live where they go on one by one.
  /// - Parameter parallelism: how many go on at once.
  convenience init(_ invocation: Invocation, log: Log, parallelism: Int) {
    self.init(
      log: log, isLive: Terminal.errorIsTerminal && !invocation.has("json") && parallelism == 1,
      isQuiet: invocation.has("quiet"))
  }

  func report(_ run: RunID, _ event: RunEvent) {
    if leavesFaultsOut, case .failed = event {
      finish()
      return
    }
    let isLive = bar.withLock { bar in
      guard bar != nil else { return false }
      bar?.on(event, now: .now)
      return true
    }
    // The bar shows what goes well; a log line between its frames only for what does not.
    if isLive, event.level < .warning { return }
    if isLive { bar.withLock { $0?.clear() } }
    log.write(event.level, event.name, [.init("run", .string(run.text))] + event.facts)
  }

  /// Takes the bar off the screen.
  func finish() {
    bar.withLock { $0?.clear() }
  }
}
