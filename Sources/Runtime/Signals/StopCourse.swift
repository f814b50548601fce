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
  private var firstStop: ContinuousClock.Instant?
  /// A terminal, a service manager or `timeout` may signal a process and its group, and so a process twice at once:
  /// within this time of the first it is the same stop.
  static let echo = Duration.milliseconds(200)

  /// - Returns: whether somebody has asked for a stop already.
  mutating func begin(_ cancel: @escaping @Sendable () -> Void) -> Bool {
    self.cancel = cancel
    hasBegun = true
    return firstStop != nil
  }

  mutating func on(isHangup: Bool, at moment: ContinuousClock.Instant) -> Action {
    if isHangup {
      if let reload { return .call(reload) }
      if isService { return .nothing }
    }
    if let firstStop {
      return moment - firstStop < Self.echo ? .nothing : .end(ExitCode.interrupted.rawValue)
    }
    firstStop = moment
    if let cancel { return .call(cancel) }
    // Behind the work only its end is told, which takes no stop.
    if hasBegun { return .nothing }
    return isService ? .end(0) : .die
  }
}
