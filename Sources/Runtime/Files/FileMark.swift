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
    var facts = stat()
    guard lstat(path, &facts) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw SystemFault.fault("look at", path)
    }
    self.init(facts)
  }

  /// - Throws: a `SystemFault`.
  init(of file: borrowing FileDescriptor, _ path: String) throws(Fault) {
    var facts = stat()
    guard fstat(file.number, &facts) == 0 else { throw SystemFault.fault("look at", path) }
    self.init(facts)
  }

  private init(_ facts: stat) {
    text = "\(facts.st_ino) \(facts.st_mtim.tv_sec).\(facts.st_mtim.tv_nsec)"
  }
}
