import Glibc
import Synchronization
import Testing

/// All that crashes, breaks and lies, in one place: `swift test --filter CrashMatrix` runs it and prints
/// how many faults of which kind there were.
@Suite enum CrashMatrix {}

/// Counts the faults that were really injected, by kind, and prints the table when the process ends.
enum FaultCount {
  private struct Counts {
    var faults: [String: Int] = [:]
    var longest: [String: Duration] = [:]
    var isAnnounced = false
  }

  private static let counts = Mutex(Counts())

  static func add(_ kind: String, _ count: Int = 1) {
    update { counts in
      let before = counts.faults[kind, default: 0]
      counts.faults[kind] = before + count
      // Where many are asked for one sees how far it is.
      if (before + count) / 100 > before / 100 { print("\(before + count)  \(kind)") }
    }
  }

  /// Has the longest of all such times printed behind the table.
  static func tell(_ what: String, _ time: Duration) {
    update { $0.longest[what] = max($0.longest[what] ?? time, time) }
  }

  private static func update(_ change: (inout Counts) -> Void) {
    counts.withLock { counts in
      if !counts.isAnnounced { atexit { FaultCount.tell() } }
      counts.isAnnounced = true
      change(&counts)
    }
  }

  private static func tell() {
    let counts = counts.withLock { $0 }
    print("\nFaults injected: \(counts.faults.values.reduce(0, +))")
    for (kind, count) in counts.faults.sorted(by: { $0.key < $1.key }) {
      print("\(String(repeating: " ", count: max(0, 7 - "\(count)".count)))\(count)  \(kind)")
    }
    for (what, time) in counts.longest.sorted(by: { $0.key < $1.key }) {
      print("Longest \(what): \(time)")
    }
    fflush(nil)
  }
}
