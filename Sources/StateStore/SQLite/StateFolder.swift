internal import Glibc
internal import Model
internal import Runtime

/// The folder that the state lives in, for its owner alone.
enum StateFolder {
  /// Makes the folder and the empty file where they are missing.
  ///
  /// The file comes first, with its mode: SQLite gives the same mode to the files beside it.
  /// - Throws: `Fault`, by `SystemFault`; `state_exposed`.
  static func prepare(forFile path: String) throws(Fault) {
    try make(FolderTree.parent(of: path))
    var status = stat()
    if lstat(path, &status) != 0 {
      guard errno == ENOENT else { throw SystemFault.fault("open", path) }
      return try create(path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw SQLiteFault.foreign(path) }
    if status.st_mode & 0o077 != 0, chmod(path, 0o600) != 0 {
      throw Fault(
        "state_exposed", .auth, "The state `\(path)` can be read by others and is not yours to protect",
        hint: "Chmod 600 it as its owner")
    }
  }

  /// Only a new file is opened here, also where several make it at once: closing one that SQLite has
  /// open would drop its locks.
  private static func create(_ path: String) throws(Fault) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    if descriptor >= 0 {
      close(descriptor)
    } else if errno != EEXIST {
      throw SystemFault.fault("open", path)
    }
  }

  /// Makes a folder and those above it, each with mode 0700. One that exists stays as it is.
  static func make(_ path: String) throws(Fault) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, path != "/" else { throw SystemFault.fault("make the folder", path) }
    try make(FolderTree.parent(of: path))
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemFault.fault("make the folder", path) }
  }
}
