internal import Glibc
package import Model

/// Tells a file from every other that lies, or has lain, at the same path: its number in its file system, and when
/// it was written. Moving the file changes neither.
package struct FileMark: Hashable, Sendable {
  /// For comparing alone.
  package let text: String

  /// - Returns: `nil` where there is no such file. A link is not followed.
  /// - Throws: a `SystemFault`.
  package init?(of path: String) throws(Fault) {
    guard let status = try FileStatus.of(path, followingLinks: false) else { return nil }
    self.init(status)
  }

  /// - Throws: a `SystemFault`.
  init(of file: borrowing FileDescriptor, _ path: String) throws(Fault) {
    var status = stat()
    guard fstat(file.number, &status) == 0 else { throw SystemFault.fault("look at", path) }
    self.init(status)
  }

  private init(_ status: stat) {
    text = "\(status.st_ino) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
  }
}
