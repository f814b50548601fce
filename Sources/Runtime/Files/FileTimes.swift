internal import Glibc
package import Model

/// When a file was written, and when anything about it changed last, by the kernel's clock.
package struct FileTimes: Hashable, Sendable {
  package var modified: Instant
  /// Also by moving it, or by changing its rights.
  package var changed: Instant

  /// - Returns: `nil` where there is no such file.
  /// - Throws: a `SystemFault`.
  package init?(of path: String) throws(Fault) {
    guard let status = try FileStatus.of(path, followingLinks: true) else { return nil }
    modified = FileTimes.instant(status.st_mtim)
    changed = FileTimes.instant(status.st_ctim)
  }

  private static func instant(_ time: timespec) -> Instant {
    Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec / 1000))
  }
}
