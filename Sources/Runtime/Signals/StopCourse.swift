internal import Model

/// What a signal does, by what the process is at: before any work it ends the process, during work it
/// stops that, and behind it the process ends by itself.
struct StopCourse: Sendable {
  enum Action: Sendable {
    case nothing
    case call(@Sendable () -> Void)
    /// Ends the process with this status.
    case end(Int32)
    /// Ends the process as the signal would have done.
    case die
  }

  var isService = false
  var reload: (@Sendable () -> Void)?
  /// Stops the work that is going on.
  var cancel: (@Sendable () -> Void)?
  private var hasBegun = false
  private var stops = 0

  /// - Returns: whether somebody has asked for a stop already.
  mutating func begin(_ cancel: @escaping @Sendable () -> Void) -> Bool {
    self.cancel = cancel
    hasBegun = true
    return stops > 0
  }

  mutating func on(isHangup: Bool) -> Action {
    if isHangup {
      if let reload { return .call(reload) }
      if isService { return .nothing }
    }
    stops += 1
    if stops > 1 { return .end(ExitCode.interrupted.rawValue) }
    if let cancel { return .call(cancel) }
    // Behind the work only its end is told, which takes no stop.
    if hasBegun { return .nothing }
    return isService ? .end(0) : .die
  }
}
