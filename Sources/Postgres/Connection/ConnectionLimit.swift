internal import Model
internal import Runtime

/// How many connections the process may hold at once under one entry of `connections:`.
///
/// Handed to `ConnectionSettings`, it counts by itself: opening takes a place, and the end of the
/// connection, however it comes, gives it back. All jobs of a process share one value.
package final class ConnectionLimit: Sendable {
  private let maximum: Int
  private let patience: Duration
  private let permits: Permits

  /// - Parameter patience: how long opening may wait for a place. Not for ever: two runs that each
  ///   hold a snapshot and wait for a place to read from it would wait for each other.
  package init(_ maximum: Int, patience: Duration = .seconds(30)) {
    self.maximum = maximum
    self.patience = patience
    permits = Permits(maximum)
  }

  /// A place for one connection; given back when it is gone.
  final class Place: Sendable {
    private let permits: Permits

    fileprivate init(_ permits: Permits) {
      self.permits = permits
    }

    deinit { permits.giveBack() }
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
    return Place(permits)
  }
}
