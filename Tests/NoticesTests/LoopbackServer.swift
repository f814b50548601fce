import Glibc
import Model
import Runtime
import Synchronization

/// A server on 127.0.0.1 for one test: handles one connection after the other by a script.
final class LoopbackServer: Sendable {
  let port: UInt16
  private let listener: Int32

  /// - handle: talks over one connection, which is closed behind it.
  init(_ handle: @escaping @Sendable (Connection) -> Void) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) | listen(listener, 64) | getsockname(listener, $0, &length)
      }
    }
    guard status == 0 else { throw SystemFault.fault("listen on", "127.0.0.1") }
    port = UInt16(bigEndian: address.sin_port)
    self.listener = listener
    try OwnThread.start(name: "test-server") {
      while true {
        let descriptor = accept(listener, nil, nil)
        if descriptor < 0 {
          if errno == EINVAL { break }
          continue
        }
        let connection = Connection(descriptor: descriptor)
        handle(connection)
        connection.end()
      }
      // Here and not by whoever ends it: the next server could get the number, and this thread its clients.
      close(listener)
    }
  }

  deinit {
    // Wakes the thread, and lets it take no more clients.
    shutdown(listener, Int32(SHUT_RDWR))
  }

  /// One client's connection, as lines and bytes.
  final class Connection: Sendable {
    let descriptor: Int32
    private let buffered = Mutex<[UInt8]>([])

    init(descriptor: Int32) { self.descriptor = descriptor }

    func send(_ text: String) {
      let bytes = Array(text.utf8)
      _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Without its line end; `nil` once the client has gone.
    func line() -> String? {
      buffered.withLock { buffered in
        while true {
          if let end = buffered.firstIndex(of: 0x0A) {
            let line = buffered[..<end].filter { $0 != 0x0D }
            buffered.removeSubrange(...end)
            return String(decoding: line, as: UTF8.self)
          }
          guard fill(&buffered) else { return nil }
        }
      }
    }

    func bytes(_ count: Int) -> String {
      buffered.withLock { buffered in
        while buffered.count < count, fill(&buffered) {}
        let bytes = buffered.prefix(count)
        buffered.removeFirst(bytes.count)
        return String(decoding: bytes, as: UTF8.self)
      }
    }

    /// Waits until the client gives up.
    func waitForEnd() {
      while line() != nil {}
    }

    /// Cuts the connection with a reset.
    func reset() {
      var option = linger(l_onoff: 1, l_linger: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    func end() { close(descriptor) }

    private func fill(_ buffered: inout [UInt8]) -> Bool {
      var part = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &part, part.count, 0)
      if count <= 0 { return false }
      buffered += part[..<count]
      return true
    }
  }
}

/// What servers received, in order.
final class Recorder<Item: Sendable>: Sendable {
  private let items = Mutex<[Item]>([])

  var all: [Item] { items.withLock { $0 } }

  func add(_ item: Item) -> Int {
    items.withLock { items in
      items.append(item)
      return items.count
    }
  }
}

struct Request: Sendable {
  var line: String
  var headers: [String]
  var body: String

  func header(_ name: String) -> String? {
    headers.first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
      .map { String($0.dropFirst(name.count + 2)) }
  }
}

extension LoopbackServer {
  /// An HTTP server that answers its n-th request, from 1, as `reply` says.
  static func http(
    _ received: Recorder<Request>, _ reply: @escaping @Sendable (Int, Connection) -> Void
  ) throws -> LoopbackServer {
    try LoopbackServer { connection in
      guard let line = connection.line() else { return }
      var request = Request(line: line, headers: [], body: "")
      while let header = connection.line(), !header.isEmpty { request.headers.append(header) }
      request.body = connection.bytes(Int(request.header("Content-Length") ?? "") ?? 0)
      reply(received.add(request), connection)
    }
  }

  /// An SMTP server that takes every mail, unless `refuse` has another answer to a line.
  static func smtp(
    _ received: Recorder<[String]>, _ refuse: @escaping @Sendable (String) -> String? = { _ in nil }
  ) throws -> LoopbackServer {
    try LoopbackServer { connection in
      connection.send("220 test\r\n")
      var lines: [String] = []
      var isData = false
      while let line = connection.line() {
        lines.append(line)
        if isData {
          if line == "." {
            isData = false
            connection.send("\(refuse(".") ?? "250 taken")\r\n")
          }
          continue
        }
        let command = line.prefix { $0 != " " }.uppercased()
        if let answer = refuse(line) {
          if answer.isEmpty { break }
          connection.send("\(answer)\r\n")
          continue
        }
        switch command {
        case "DATA":
          isData = true
          connection.send("354 go on\r\n")
        case "QUIT":
          connection.send("221 bye\r\n")
        default: connection.send("250 fine\r\n")
        }
        if command == "QUIT" { break }
      }
      _ = received.add(lines)
    }
  }
}

extension Connection {
  static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
}

typealias Connection = LoopbackServer.Connection
