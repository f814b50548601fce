internal import Glibc
package import Model

/// Tells when something changes in some folders, by the kernel's word (inotify(7)); no polling.
package enum FileWatch {
  /// Calls `changed` from a thread of its own, for as long as the process lives, after each burst
  /// of changes: an editor's several writes are told once.
  /// - Parameter folders: absolute or relative to the working folder; each must exist.
  /// - Throws: a `SystemFault` where the kernel has no watch left, or a folder is not there.
  package static func start(_ folders: [String], changed: @escaping @Sendable () -> Void) throws(Fault) {
    let file = inotify_init1(Int32(IN_CLOEXEC))
    guard file >= 0 else { throw SystemFault.fault("watch", folders.first ?? ".") }
    let mask = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
    for folder in folders where inotify_add_watch(file, folder, mask) < 0 {
      let fault = SystemFault.fault("watch", folder)
      close(file)
      throw fault
    }
    try OwnThread.start(name: "file-watch") { watch(file, changed) }
  }

  /// How long it must be quiet before a burst is over.
  private static let quiet: Int32 = 200

  private static func watch(_ file: Int32, _ changed: @Sendable () -> Void) {
    while waitForEvents(file, milliseconds: -1) {
      repeat { discardEvents(file) } while waitForEvents(file, milliseconds: quiet)
      changed()
    }
    close(file)
  }

  /// False after so long without any, or where waiting fails for good.
  private static func waitForEvents(_ file: Int32, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&entry, 1, milliseconds)
      if count < 0, errno == EINTR { continue }
      return count > 0
    }
  }

  /// Which file it was does not matter: the reader reads all of them.
  private static func discardEvents(_ file: Int32) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    _ = read(file, &buffer, buffer.count)
  }
}
