internal import Model
internal import Postgres
internal import Synchronization

/// The connections that a run's reading has for itself, of entries whose connections are counted.
///
/// Who asks, who holds the snapshot and who reads are no use without each other: runs that took their connections one by
/// one would hold some, and wait for each other's.
final class ConnectionShares: Sendable {
  private let shares = Mutex<[String: ConnectionLimit]>([:])

  subscript(name: String) -> ConnectionLimit? {
    get { shares.withLock { $0[name] } }
    set { shares.withLock { $0[name] = newValue } }
  }

  /// Gives back what is free, and the rest as its connections end.
  func end() {
    for share in shares.withLock({ shares in
      defer { shares = [:] }
      return Array(shares.values)
    }) { share.end() }
  }
}
