internal import CLibPQ
internal import Glibc
package import Model

/// What somebody sent by `NOTIFY`.
package struct Notification: Hashable, Sendable {
  package var channel: String
  package var payload: String

  package init(channel: String, payload: String) {
    self.channel = channel
    self.payload = payload
  }
}

extension Connection {
  /// Waits for notifications on `channels` until the task is cancelled or the connection is lost,
  /// and ends only by throwing that. It takes the connection for itself; behind transaction pooling
  /// it cannot work.
  /// - Parameter channels: asked several times a second; where it changes, what is sent on the channels that stay is
  ///   heard all the while.
  /// - Parameter onListening: called whenever everything sent from then on will be seen: the moment to
  ///   look for what was sent before.
  /// - Parameter onNotification: called on the connection's thread, in the order of sending.
  package func listen(
    to channels: @Sendable () -> Set<Identifier>, onListening: @Sendable () -> Void = {},
    _ onNotification: @Sendable (Notification) -> Void
  ) async throws {
    var known: Set<Identifier> = []
    var heard = ContinuousClock.now
    while true {
      if Task.isCancelled { throw Fault.cancelled(settings) }
      let wanted = channels()
      if wanted != known {
        let gone: [SQLText] = known.subtracting(wanted).map { "UNLISTEN \($0)" }
        let new: [SQLText] = wanted.subtracting(known).map { "LISTEN \($0)" }
        try await execute("\(gone + new, separator: "; ")")
        known = wanted
        onListening()
      }
      let pointer = try pointer()
      guard PQconsumeInput(pointer) == 1 else { throw lost() }
      while let message = PQnotifies(pointer) {
        heard = .now
        defer { PQfreemem(message) }
        onNotification(
          Notification(
            channel: String(cString: message.pointee.relname), payload: String(cString: message.pointee.extra)
          ))
      }
      // Whoever listens hears nothing for days, and also where nothing gets through any more.
      if ContinuousClock.now - heard > Silence.patience {
        try await query("SELECT 1")
        heard = .now
      }
      // Short, since nothing else notices that the task was cancelled.
      _ = handle?.ready(Int16(POLLIN), milliseconds: 200)
    }
  }
}
