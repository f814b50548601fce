internal import Synchronization

/// The places of pools, of jobs and of the project that this process has given to fires, so that two
/// jobs that are looked at in one moment do not both take the last one.
package final class PoolPlaces: Sendable {
  private let taken = Mutex<[String: Int]>([:])

  package init() {}

  /// A place that a run needs.
  struct Wanted {
    var name: String
    var size: Int
    /// How many runs other processes have going there.
    var others: Int
  }

  func count(_ name: String) -> Int { taken.withLock { $0[name] ?? 0 } }

  /// All of them, or none.
  /// - Returns: the names of those that are full; empty where all are taken now.
  func take(_ wanted: [Wanted]) -> [String] {
    taken.withLock { taken in
      let full = wanted.filter { $0.others + (taken[$0.name] ?? 0) >= $0.size }.map(\.name)
      if full.isEmpty { for place in wanted { taken[place.name, default: 0] += 1 } }
      return full
    }
  }

  func giveBack(_ names: [String]) {
    taken.withLock { taken in
      for name in names { taken[name, default: 1] -= 1 }
    }
  }
}
