internal import Glibc

/// Tells systemd how a service of `Type=notify` is doing; says nothing where none listens.
///
/// The protocol of `sd_notify(3)`: one datagram of `NAME=value` lines to the socket that
/// `$NOTIFY_SOCKET` names. A message that does not get through is not worth failing for, nor waiting: whoever has the
/// socket may not read it.
package struct ServiceManager: Sendable {
  private let path: String?
  /// The longest silence that `WatchdogSec=` bears; `nil` where nobody listens.
  package let patience: Duration?

  package init(_ environment: Environment = .process) {
    path = environment["NOTIFY_SOCKET"]
    patience = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) }
  }

  /// Start-up, or a reload, is over.
  package func ready(_ status: String) {
    send("READY=1\nSTATUS=\(oneLine(status))")
  }

  /// A new look at the job files has begun; `ready` ends it.
  package func reloading() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    send("RELOADING=1\nMONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1000)")
  }

  /// What `systemctl status` shows.
  package func status(_ status: String) {
    send("STATUS=\(oneLine(status))", waits: false)
  }

  /// The service ends, and needs up to `patience` for saving what it has.
  package func stopping(within patience: Duration) {
    let (seconds, attoseconds) = patience.components
    send("STOPPING=1\nEXTEND_TIMEOUT_USEC=\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)")
  }

  /// Still alive: to be sent at least every `WatchdogSec=`.
  package func watchdog() {
    send("WATCHDOG=1")
  }

  private func oneLine(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 })
  }

  /// - Parameter waits: for room, a second at the most.
  private func send(_ message: String, waits: Bool = true) {
    guard let path, path.hasPrefix("/") || path.hasPrefix("@") else { return }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var name = Array(path.utf8)
    if name[0] == UInt8(ascii: "@") { name[0] = 0 }
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard name.count < capacity else { return }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return }
    defer { close(socket) }
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
    // An abstract name is as long as its address says; a path ends with its NUL.
    let isAbstract = name[0] == 0
    let length = MemoryLayout<sockaddr_un>.size - capacity + name.count + (isAbstract ? 0 : 1)
    _ = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        Array(message.utf8).withUnsafeBytes {
          sendto(socket, $0.baseAddress, $0.count, flags, address, socklen_t(length))
        }
      }
    }
  }
}
