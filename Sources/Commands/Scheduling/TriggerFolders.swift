internal import Model
internal import Runtime
internal import Scheduler
internal import Synchronization

/// Watches the folders of files that fire jobs. A folder once watched stays so: its changes cost one look at the files.
final class TriggerFolders: Sendable {
  private let watched = Mutex<Set<String>>([])

  /// - Parameters:
  ///   - root: the project's folder, which relative paths count from.
  ///   - changed: called whenever something in one of the folders has changed, from any thread.
  func watch(
    for jobs: [ScheduledJob], root: String, _ log: SchedulerLog, changed: @escaping @Sendable () -> Void
  ) {
    for case .file(let path)? in jobs.map(\.trigger) {
      let folder = FolderTree.parent(of: Path.joined(path, to: root))
      guard watched.withLock({ $0.insert(folder).inserted }) else { continue }
      do {
        try FileWatch.start([folder], changed: changed)
      } catch {
        // Not there yet, perhaps: the look at every beat finds the file all the same.
        _ = watched.withLock { $0.remove(folder) }
        log.trouble("trigger_trouble", error)
      }
    }
  }
}
