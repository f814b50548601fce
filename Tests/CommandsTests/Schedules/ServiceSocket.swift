import Glibc
import Model
import Runtime

/// The socket on which systemd hears a service of `Type=notify`.
final class ServiceSocket: Sendable {
  private let file: Int32
  let path: String
  private let thread: ThreadExecutor

  init(at path: String) throws {
    self.path = path
    thread = try ThreadExecutor(name: "systemd")
    file = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if file < 0 || bound != 0 { throw SystemFault.fault("listen at", path) }
    // Whoever says nothing for so long says nothing any more.
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(file) }

  /// The next message that holds `part`; `nil` where none comes.
  func hear(_ part: String) async -> String? {
    let file = file
    return await withTaskExecutorPreference(thread) {
      while true {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(file, &buffer, buffer.count, 0)
        if count < 0 { return nil }
        let message = String(decoding: buffer.prefix(count), as: UTF8.self)
        if message.contains(part) { return message }
      }
    }
  }
}
