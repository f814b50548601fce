internal import Model
internal import Runtime
internal import Synchronization

/// Shows what happens to runs: a live bar where a terminal is there to show it, log lines otherwise.
final class RunReporter: Sendable {
  private let log: Log
  private let bar: Mutex<ProgressBar?>
  private let isQuiet: Bool

  init(log: Log, isLive: Bool, isQuiet: Bool) {
    self.log = log
    self.isQuiet = isQuiet
    bar = Mutex(isLive && !isQuiet ? ProgressBar(style: Terminal.errorStyle) : nil)
  }

  func report(_ run: RunID, _ event: RunEvent) {
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
