internal import Model
internal import Runtime
internal import Synchronization

/// What a tick is warned of: told on standard error, whatever `--quiet` says, and in the log where that is a file; kept
/// for its document.
final class TickWarnings: Sendable {
  private let told = Mutex<[Fault]>([])
  private let isJSON: Bool
  /// `nil` where the log is standard error too.
  private let log: SchedulerLog?

  init(_ invocation: Invocation, _ log: Log) {
    isJSON = invocation.has("json")
    self.log = invocation.has("log-file") ? SchedulerLog(log) : nil
  }

  var all: [Fault] { told.withLock { $0 } }

  func tell(_ warning: Fault) {
    told.withLock { $0.append(warning) }
    if !isJSON { FaultReport.warn([warning]) }
    log?.warn(warning)
  }
}
