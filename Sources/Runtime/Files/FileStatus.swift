internal import Glibc
internal import Model

/// What the kernel knows of a file.
enum FileStatus {
  /// - Returns: `nil` where there is no such file.
  /// - Throws: a `SystemFault`.
  static func of(_ path: String, followingLinks: Bool) throws(Fault) -> stat? {
    var status = stat()
    if fstatat(AT_FDCWD, path, &status, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW) == 0 { return status }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw SystemFault.fault("look at", path)
  }
}
