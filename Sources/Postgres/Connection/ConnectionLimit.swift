internal import Model
internal import Runtime
internal import Synchronization

/// How many connections the process may hold at once under one entry of `connections:`.
///
/// Handed to `ConnectionSettings`, it counts by itself: opening takes a place, and the end of the
/// connection, however it comes, gives it back. All jobs of a process share one value; what needs several at once takes
/// a share of it.
package final class ConnectionLimit: Sendable {
  package let maximum: Int
  private let patience: Duration
  private let permits: Permits
  /// What a share's places were taken from.
  private let whole: ConnectionLimit?
  private let isEnded = Mutex(false)

  /// - Parameter patience: how long opening may wait for a place.
  package convenience init(_ maximum: Int, patience: Duration = .seconds(30)) {
    self.init(maximum, patience: patience, of: nil)
  }

  private init(_ maximum: Int, patience: Duration, of whole: ConnectionLimit?) {
    self.maximum = maximum
    self.patience = patience
    self.whole = whole
    permits = Permits(maximum)
  }

  deinit { end() }

  /// A place for one connection; given back when it is gone.
  final class Place: Sendable {
    private let limit: ConnectionLimit

    fileprivate init(_ limit: ConnectionLimit) {
      self.limit = limit
    }

    deinit { limit.giveBack() }
  }

  /// Takes several places in one step. Of two that each held some and waited for more neither might ever go on.
  /// - Parameters:
  ///   - counts: as many of them as are free once the least are; no more than `maximum`.
  ///   - waiting: called where it has to wait, which may be as long as others have their connections.
  /// - Throws: `Fault` `cancelled`.
  package func share(_ counts: ClosedRange<Int>, waiting: () -> Void) async throws -> ConnectionLimit {
    ConnectionLimit(
      try await permits.take(counts.clamped(to: 1...maximum), waiting: waiting), patience: patience, of: self)
  }

  /// The same where it need not wait; `nil` where it would have to.
  package func shareNow(_ counts: ClosedRange<Int>) -> ConnectionLimit? {
    permits.takeNow(counts.clamped(to: 1...maximum)).map {
      ConnectionLimit($0, patience: patience, of: self)
    }
  }

  /// Gives a share's places back: those that are free now, and the others as their connections end.
  package func end() {
    isEnded.withLock { $0 = true }
    whole?.permits.giveBack(permits.takeAll())
  }

  private func giveBack() {
    permits.giveBack()
    if isEnded.withLock({ $0 }) { end() }
  }

  /// - Throws: `Fault` `connection_limit` (transient), or `cancelled`.
  func take(_ name: String) async throws -> Place {
    guard try await permits.take(atMost: patience) else {
      throw Fault(
        "connection_limit", .resource,
        "All \(maximum) connections that `\(name)` may have are in use",
        hint: "Raise `max_connections` under the connection, or lower `limits.parallelism`", isTransient: true
      )
    }
    return Place(self)
  }
}
