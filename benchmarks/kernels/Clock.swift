import Glibc

/// Processor time of this thread, in nanoseconds: what others do on the machine does not count.
enum Clock {
  static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  static func nanoseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = now
    try body()
    return Double(now - start)
  }

  static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
