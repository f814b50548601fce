internal import Glibc
package import Model
internal import Runtime
internal import Synchronization

/// A run's files for what does not fit into memory: made by one process, gone with it.
///
/// The folder is locked for as long as this value lives. What a process leaves that was killed,
/// `removeAbandoned` finds by its lock being free.
package final class SpillFolder: Sendable {
  package let path: String
  private let lock: LockFile
  private let files = Atomic(0)

  /// Makes a folder for `run` inside `parent`, which is made where it is missing.
  /// - Throws: a `SystemFault`.
  package init(for run: RunID, in parent: String) throws(Fault) {
    try StateFolder.make(parent)
    path = try FolderTree.temporary(in: parent, prefix: "\(run.text).")
    guard let lock = try LockFile.tryLock("\(path)/\(SpillFolder.lockName)") else {
      throw Fault("spill_folder_taken", .conflict, "The spill folder `\(path)` is in use")
    }
    self.lock = lock
  }

  /// Removes the folder. What cannot be removed now, `removeAbandoned` tries again.
  package func remove() throws(Fault) {
    try FolderTree.remove(path)
  }

  /// Begins a file of blocks.
  /// - Throws: a `SystemFault`.
  package func makeFile() throws(Fault) -> SpillWriter {
    let number = files.add(1, ordering: .relaxed).newValue
    return try SpillWriter(path: "\(path)/\(number)")
  }

  /// Removes the folders in `parent` whose processes are gone.
  /// - Returns: how many.
  /// - Throws: a `SystemFault`. A `parent` that does not exist holds nothing.
  @discardableResult
  package static func removeAbandoned(in parent: String) throws(Fault) -> Int {
    guard access(parent, F_OK) == 0 else { return 0 }
    var removed = 0
    for name in try FolderTree.names(in: parent) {
      let path = "\(parent)/\(name)"
      // Without its lock file a folder is just being made.
      guard access("\(path)/\(lockName)", F_OK) == 0,
        let lock = try LockFile.tryLock("\(path)/\(lockName)")
      else { continue }
      try FolderTree.remove(path)
      removed += 1
      _ = consume lock
    }
    return removed
  }

  private static let lockName = "lock"
}
