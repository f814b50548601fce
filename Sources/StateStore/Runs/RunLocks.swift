internal import Glibc
internal import Model
internal import Runtime

/// The locks of runs among the processes of one machine: a locked file for each, in one folder.
///
/// The system frees a lock when its owner ends, however it ends; a stopped owner keeps it.
struct RunLocks: Sendable {
  let folder: String

  /// - Returns: `nil` if another owner lives.
  /// - Throws: a `SystemFault`.
  func take(_ run: RunID) throws(Fault) -> LockFile? {
    try open(run) { path throws(Fault) in try LockFile.tryLock(path) }
  }

  /// Whether some process has the lock. Whose file is gone, or goes just then, is over.
  func isHeld(_ run: RunID) throws(Fault) -> Bool {
    do throws(Fault) {
      return try open(run) { path throws(Fault) in try LockFile.isLocked(path) }
    } catch  where error.code == "file_not_found" {
      return false
    }
  }

  /// - Throws: a `SystemFault`, which tells of somebody else's file what helps.
  private func open<Result: ~Copyable>(
    _ run: RunID, _ look: (String) throws(Fault) -> Result
  ) throws(Fault) -> Result {
    let path = try path(of: run)
    do throws(Fault) {
      return try look(path)
    } catch  where error.code == "file_permission" {
      var fault = error
      fault.sentence = "The lock file of run \(run), `\(path)`, is another user's"
      fault.hint =
        "A command of that user has left it. Give it to whoever has the folder, also while the run goes on:"
        + " `chown --reference=\(folder) \(path)`"
      throw fault
    }
  }

  /// Removes the lock file of a run that is over. Only of such a run: whoever locks the removed
  /// file, or a new one of its name, then finds that there is nothing left to own.
  func remove(_ run: RunID) throws(Fault) {
    let path = try path(of: run)
    if unlink(path) != 0, errno != ENOENT { throw SystemFault.fault("remove", path) }
  }

  /// The runs that have a lock file, whoever has left it.
  func runs() throws(Fault) -> [RunID] {
    try FolderTree.names(in: folder).filter { $0.hasSuffix(".lock") }.map { RunID(String($0.dropLast(5))) }
  }

  private func path(of run: RunID) throws(Fault) -> String {
    guard run.text.utf8.allSatisfy({ $0 != UInt8(ascii: "/") && $0 != 0 }), run.text.utf8.count <= 200 else {
      throw Fault("no_such_run", .notFound, "`\(run)` is no run id")
    }
    return "\(folder)/\(run.text).lock"
  }
}
