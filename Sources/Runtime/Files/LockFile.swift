internal import Glibc
package import Model

/// A lock that the system gives back when its owner dies, however it dies: an open-file-description
/// lock (`F_OFD_SETLK` of `fcntl(2)`) on a whole file, which can also be looked at without taking it.
///
/// Held until the value is gone. The file is close-on-exec, so that a command started meanwhile
/// does not hold the lock on.
package struct LockFile: ~Copyable, Sendable {
  private let file: FileDescriptor

  /// Takes the lock, or gives `nil` at once where another process, or another `LockFile` of this
  /// one, has it. The file is made where missing (mode 0600) and stays afterwards: removing it
  /// would let two owners hold locks on two files of one name. One that root makes belongs to the
  /// owner of its folder.
  /// - Throws: a `SystemFault`.
  package static func tryLock(_ path: String) throws(Fault) -> LockFile? {
    let file = try open(path)
    var lock = whole(F_WRLCK)
    while fcntl(file.number, setLock, &lock) != 0 {
      if errno == EAGAIN || errno == EACCES { return nil }
      if errno != EINTR { throw SystemFault.fault("lock", path) }
    }
    return LockFile(file: file)
  }

  /// Whether somebody has the lock of a file that is there. Nobody who tries to take it meanwhile is
  /// in the way of that.
  /// - Throws: a `SystemFault`.
  package static func isLocked(_ path: String) throws(Fault) -> Bool {
    let file = try FileDescriptor(path, O_RDWR | O_NOFOLLOW)
    var lock = whole(F_WRLCK)
    guard fcntl(file.number, getLock, &lock) == 0 else {
      throw SystemFault.fault("look at the lock of", path)
    }
    return lock.l_type != Int16(F_UNLCK)
  }

  private static func open(_ path: String) throws(Fault) -> FileDescriptor {
    while true {
      do throws(Fault) {
        return try FileDescriptor(path, O_RDWR | O_NOFOLLOW)
      } catch  where error.code == "file_not_found" {
        let number = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if number < 0 {
          // Somebody has just made it.
          if errno == EEXIST { continue }
          throw SystemFault.fault("open", path)
        }
        let file = FileDescriptor(owning: number, path: path)
        if geteuid() == 0 { try give(file, path) }
        return file
      }
    }
  }

  /// What root leaves would keep the user out whose folder it is. Only for a file just made: one that was there may be
  /// another name of any file.
  private static func give(_ file: borrowing FileDescriptor, _ path: String) throws(Fault) {
    var folder = stat()
    guard stat(FolderTree.parent(of: path), &folder) == 0,
      fchown(file.number, folder.st_uid, folder.st_gid) == 0
    else { throw SystemFault.fault("give away", path) }
  }

  private init(file: consuming FileDescriptor) {
    self.file = file
  }

  // Closing alone is not enough: a program just being started holds a copy of every open file for
  // the moment until it is loaded, and with it the lock.
  deinit {
    var lock = LockFile.whole(F_UNLCK)
    _ = fcntl(file.number, LockFile.setLock, &lock)
  }

  /// `F_OFD_GETLK` and `F_OFD_SETLK` of <fcntl.h>, which stand behind _GNU_SOURCE there.
  private static let getLock: Int32 = 36
  private static let setLock: Int32 = 37

  private static func whole(_ type: Int32) -> flock {
    var lock = flock()
    lock.l_type = Int16(type)
    lock.l_whence = Int16(SEEK_SET)
    return lock
  }
}
