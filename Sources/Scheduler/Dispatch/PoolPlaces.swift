internal import Synchronization

/// The places of pools that this process has given to fires, so that two jobs that are looked at in
/// one moment do not both take the last one.
package final class PoolPlaces: Sendable {
  private let taken = Mutex<[String: Int]>([:])

  package init() {}

  func count(_ pool: String) -> Int { taken.withLock { $0[pool] ?? 0 } }

  /// - Parameter others: how many runs of the pool other processes have going.
  /// - Returns: false where the pool is full.
  func take(_ pool: String, size: Int, others: Int) -> Bool {
    taken.withLock { taken in
      guard others + (taken[pool] ?? 0) < size else { return false }
      taken[pool, default: 0] += 1
      return true
    }
  }

  func giveBack(_ pool: String) {
    taken.withLock { $0[pool, default: 1] -= 1 }
  }
}
