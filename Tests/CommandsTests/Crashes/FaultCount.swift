import Glibc
import Synchronization
import Testing

/// All that crashes, breaks and lies, in one place: `swift test --filter CrashMatrix` runs it and prints
/// how many faults of which kind there were.
@Suite enum CrashMatrix {}

/// Counts the faults that were really injected, by kind, and prints the table when the process ends.
enum FaultCount {
  private static let counts = Mutex<[String: Int]>([:])

  static func add(_ kind: String, _ count: Int = 1) {
    counts.withLock { counts in
      if counts.isEmpty { atexit { FaultCount.tell() } }
      counts[kind, default: 0] += count
    }
  }

  private static func tell() {
    let counts = counts.withLock { $0 }
    print("\nFaults injected: \(counts.values.reduce(0, +))")
    for (kind, count) in counts.sorted(by: { $0.key < $1.key }) {
      print("\(String(repeating: " ", count: max(0, 7 - "\(count)".count)))\(count)  \(kind)")
    }
    fflush(nil)
  }
}
