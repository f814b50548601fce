internal import Glibc
package import Model

/// A lock that the system gives back when its owner dies, however it dies: `flock` on a file.
///
/// Held until the value is gone. The file is close-on-exec, so that a command started meanwhile
/// does not hold the lock on.
package struct LockFile: ~Copyable, Sendable {
  private let file: FileDescriptor

  /// Takes the lock, or gives `nil` at once where another process, or another `LockFile` of this
  /// one, has it. The file is made where missing (mode 0600) and stays afterwards: removing it
  /// would let two owners hold locks on two files of one name.
  /// - Throws: a `SystemFault`.
  package static func tryLock(_ path: String) throws(Fault) -> LockFile? {
    let file = try FileDescriptor(path, O_RDWR | O_CREAT | O_NOFOLLOW)
    while flock(file.number, LOCK_EX | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return nil }
      if errno != EINTR { throw SystemFault.fault("lock", path) }
    }
    return LockFile(file: file)
  }

  private init(file: consuming FileDescriptor) {
    self.file = file
  }

  // Closing alone is not enough: a program just being started holds a copy of every open file for
  // the moment until it is loaded, and with it the lock.
  deinit { _ = flock(file.number, LOCK_UN) }
}
