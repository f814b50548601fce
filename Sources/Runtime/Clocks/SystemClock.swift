internal import Glibc
package import Model

/// The machine's wall clock.
///
/// `TIDEMARK_CLOCK_OFFSET`, in seconds, puts it forward or back, for tests of clocks that jump.
package enum SystemClock {
  package static var now: Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: (Int64(time.tv_sec) + offset) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  private static let offset = Environment.process["TIDEMARK_CLOCK_OFFSET"].flatMap { Int64($0) } ?? 0
}
