internal import Glibc
package import Model
internal import Runtime
internal import Synchronization

/// A proxy on the loopback in front of a server's Unix socket, which breaks the way at a chosen byte: cuts it, or
/// lets nothing through any more while all its connections stay open.
package final class TCPProxy: Sendable {
  package let port: Int
  private let listener: Int32
  private let server: String
  private let state = Mutex(State())

  package enum Direction: Int, CaseIterable, Sendable { case toServer, toClient }

  /// What happens to the bytes behind the chosen one, once.
  package enum Break: CaseIterable, Sendable {
    /// The connection that carries it is reset.
    case cut
    /// That connection stays open, and nothing more comes through it.
    case holdOne
    /// Nor through any other one, new ones among them, until `mend`.
    case holdAll
  }

  private struct State {
    var passed = [0, 0]
    var connections = 0
    var plan: (what: Break, direction: Direction, position: Int)?
    var isHolding = false
    var isBroken = false
    var isOver = false
    var pairs: [Pair] = []
  }

  /// A client's connection and the server's for it.
  private final class Pair: Sendable {
    let sockets: [Int32]
    private let held = Atomic(false)
    /// The two that pump, and one more while it is held.
    private let users = Atomic(2)

    var isHeld: Bool { held.load(ordering: .acquiring) }

    init(_ client: Int32, _ server: Int32) {
      sockets = [client, server]
    }

    /// Ends both ways at once; the client sees a reset.
    func cut() {
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(sockets[0], SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
      for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    /// Keeps it open, whoever leaves it.
    func hold() {
      if !held.exchange(true, ordering: .acquiringAndReleasing) { users.add(1, ordering: .relaxed) }
    }

    /// Closed by the last, so that no number is used again before.
    func leave() {
      if users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
        for socket in sockets { close(socket) }
      }
    }
  }

  /// - Parameter socket: of the server, as `/folder/.s.PGSQL.5432`.
  package init(to socket: String) throws(Fault) {
    server = socket
    listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isListening = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 64) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw SystemFault.fault("listen on", "the loopback") }
    port = Int(UInt16(bigEndian: address.sin_port))
    try OwnThread.start(name: "proxy") { [self] in accept() }
  }

  /// A libpq connection string for a database behind it.
  package func connectionString(database: String) -> String {
    "host=127.0.0.1 port=\(port) user=postgres dbname=\(database)"
  }

  /// How many bytes have come through since the last `reset`.
  package func passed(_ direction: Direction) -> Int { state.withLock { $0.passed[direction.rawValue] } }

  /// How many connections have come since the last `reset`.
  package var connections: Int { state.withLock { $0.connections } }

  /// Whether the chosen byte has come.
  package var isBroken: Bool { state.withLock { $0.isBroken } }

  /// Counts anew, and breaks the way behind so many bytes of one direction, all connections together.
  package func reset(_ what: Break? = nil, _ direction: Direction = .toServer, behind position: Int = 0) {
    mend()
    state.withLock { state in
      (state.passed, state.connections, state.isBroken) = ([0, 0], 0, false)
      state.plan = what.map { ($0, direction, position) }
    }
  }

  /// Lets new connections through again, and ends those that are held.
  package func mend() {
    let held = state.withLock { state in
      (state.isHolding, state.plan) = (false, nil)
      let held = state.pairs.filter(\.isHeld)
      state.pairs.removeAll(where: \.isHeld)
      return held
    }
    for pair in held {
      pair.cut()
      pair.leave()
    }
  }

  /// Takes no more connections, and ends all.
  package func stop() {
    mend()
    state.withLock { state in
      state.isOver = true
      for pair in state.pairs { pair.cut() }
    }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  // MARK: On threads of its own

  private func accept() {
    defer { close(listener) }
    while true {
      let client = Glibc.accept(listener, nil, nil)
      if client < 0 { return }
      let upstream = connect()
      let pair = Pair(client, upstream)
      let isTaken = state.withLock { state in
        if state.isOver || upstream < 0 { return false }
        state.pairs.append(pair)
        state.connections += 1
        return true
      }
      do throws(Fault) {
        guard isTaken else { throw SystemFault.fault("connect to", server) }
        for direction in Direction.allCases {
          try OwnThread.start(name: "proxy-pump") { [self] in pump(direction, pair) }
        }
      } catch {
        pair.cut()
        for socket in pair.sockets where socket >= 0 { close(socket) }
      }
    }
  }

  private func connect() -> Int32 {
    let upstream = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) {
      $0.copyBytes(from: Array(server.utf8).prefix($0.count - 1))
    }
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if status == 0 { return upstream }
    close(upstream)
    return -1
  }

  private func pump(_ direction: Direction, _ pair: Pair) {
    let (from, to) = direction == .toServer ? (0, 1) : (1, 0)
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = read(pair.sockets[from], &buffer, buffer.count)
      if count <= 0 { break }
      let (allowed, isCut) = pass(count, direction, pair)
      var sent = 0
      while sent < allowed {
        let written = buffer[sent..<allowed].withUnsafeBytes {
          send(pair.sockets[to], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if written <= 0 { break }
        sent += written
      }
      if isCut || sent < allowed {
        pair.cut()
        break
      }
      if pair.isHeld { break }
    }
    if !pair.isHeld {
      state.withLock { state in state.pairs.removeAll { $0 === pair } }
      for socket in pair.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
    }
    pair.leave()
  }

  /// How many of the bytes that have come go on, and whether the way ends behind them.
  private func pass(_ count: Int, _ direction: Direction, _ pair: Pair) -> (Int, isCut: Bool) {
    state.withLock { state in
      if state.isHolding { pair.hold() }
      if pair.isHeld { return (0, false) }
      let before = state.passed[direction.rawValue]
      state.passed[direction.rawValue] += count
      guard let plan = state.plan, plan.direction == direction, before + count > plan.position else {
        return (count, false)
      }
      state.plan = nil
      state.isBroken = true
      if plan.what == .holdAll { state.isHolding = true }
      if plan.what != .cut { pair.hold() }
      return (max(0, plan.position - before), plan.what == .cut)
    }
  }
}
