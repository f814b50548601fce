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
    for _ in 0..<100 {
      if let place = try SpillFolder.place(in: parent, prefix: "\(run.text).") {
        path = place.path
        lock = place.lock
        return
      }
    }
    throw Fault("spill_folder_taken", .conflict, "No spill folder can be kept in `\(parent)`")
  }

  private struct Place: ~Copyable {
    let path: String
    let lock: LockFile
  }

  /// - Returns: `nil` where somebody took the new folder for an abandoned one before it was locked.
  private static func place(in parent: String, prefix: String) throws(Fault) -> Place? {
    let path = try FolderTree.temporary(in: parent, prefix: prefix)
    guard let lock = try lock(of: path) else { return nil }
    return access("\(path)/\(lockName)", F_OK) == 0 ? Place(path: path, lock: lock) : nil
  }

  /// - Returns: `nil` where somebody has the lock, or has removed the folder meanwhile.
  private static func lock(of path: String) throws(Fault) -> LockFile? {
    do {
      return try LockFile.tryLock("\(path)/\(lockName)")
    } catch {
      if error.code == "file_not_found" { return nil }
      throw error
    }
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
      // Without its lock file a folder is empty: just made, or all but removed.
      if access("\(path)/\(lockName)", F_OK) != 0 {
        if rmdir(path) == 0 { removed += 1 }
        continue
      }
      guard let lock = try lock(of: path) else { continue }
      try FolderTree.remove(path)
      removed += 1
      _ = consume lock
    }
    return removed
  }

  /// Behind all other names, which are removed in their order: a folder that holds anything has it.
  private static let lockName = "~lock"
}
