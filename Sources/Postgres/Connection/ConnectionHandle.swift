internal import CLibPQ
internal import Glibc
internal import Model

/// libpq's connection, closed exactly once, with waits that always end.
struct ConnectionHandle: ~Copyable {
  let pointer: OpaquePointer
  private let place: ConnectionLimit.Place?

  private init(owning pointer: OpaquePointer, place: ConnectionLimit.Place?) {
    self.pointer = pointer
    self.place = place
  }

  deinit { PQfinish(pointer) }

  /// Connects, waiting at most `limit` once the server's name is looked up.
  /// - Parameter isStopped: asked now and then; the attempt ends where it says so.
  /// - Throws: `Refusal`, with what libpq and the server said.
  static func open(
    _ settings: ConnectionSettings, in place: ConnectionLimit.Place?, within limit: Duration,
    isStopped: () -> Bool
  ) throws -> ConnectionHandle {
    let pairs = settings.parameters.sorted { $0.key < $1.key }
    let keywords = CStrings(pairs.map(\.key))
    let values = CStrings(pairs.map(\.value))
    let started = withExtendedLifetime((keywords, values)) {
      PQconnectStartParams(keywords.pointers, values.pointers, 0)
    }
    guard let pointer = started else { throw Refusal(message: "libpq is out of memory") }
    let handle = ConnectionHandle(owning: pointer, place: place)
    // Only the verbose form of a refusal has the SQLSTATE in it.
    PQsetErrorVerbosity(pointer, PQERRORS_VERBOSE)
    try handle.connect(deadline: .now + limit, isStopped)
    // libpq would wait without end for room to send, also when a connection is closed.
    PQsetnonblocking(pointer, 1)
    PQsetErrorVerbosity(pointer, PQERRORS_DEFAULT)
    return handle
  }

  /// Why no connection came about.
  struct Refusal: Error {
    var message: String
    var isCancelled = false
    /// Whether the other end, as far as can be seen, is not there: it refused to connect, or not a byte came from it.
    var isUnanswered = false
    /// What to do, where that is known better than from the message.
    var hint: String?

    static var stopped: Refusal { Refusal(message: "", isCancelled: true) }
  }

  private borrowing func connect(deadline: ContinuousClock.Instant, _ isStopped: () -> Bool) throws {
    if PQstatus(pointer) == CONNECTION_BAD { throw refusal(hasHeard: false) }
    var events = Int16(POLLOUT)
    var hasHeard = false
    while true {
      if isStopped() { throw Refusal.stopped }
      if ContinuousClock.now > deadline {
        throw Refusal(
          message: "No answer within the connection's `connect_timeout`", isUnanswered: !hasHeard,
          hint: hasHeard
            ? "The server has begun to answer: see whether it is overloaded, or raise `connect_timeout`"
            : "Nothing came back: check the host and the port, and whether a firewall drops what is sent there; raise `connect_timeout` where the way is slow"
        )
      }
      let there = ready(events, milliseconds: 50)
      if there == 0 { continue }
      if there & Int16(POLLIN) != 0 { hasHeard = true }
      switch PQconnectPoll(pointer) {
      case PGRES_POLLING_READING: events = Int16(POLLIN)
      case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
      case PGRES_POLLING_OK: return
      default: throw refusal(hasHeard: hasHeard)
      }
    }
  }

  /// Why the attempt to connect failed. libpq gives the system's error as text only.
  private func refusal(hasHeard: Bool) -> Refusal {
    let message = message
    let isUnanswered = [ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH].contains { number in
      strerror(number).map { message.contains(String(cString: $0)) } ?? false
    }
    return Refusal(message: message, isUnanswered: isUnanswered && !hasHeard)
  }

  /// What libpq said last.
  var message: String {
    var text = String(cString: PQerrorMessage(pointer))
    while text.last?.isNewline == true { text.removeLast() }
    return text
  }

  var isAlive: Bool { PQstatus(pointer) == CONNECTION_OK }

  /// Waits for the socket: which of `events` are there, 0 after `milliseconds` or a signal.
  borrowing func ready(_ events: Int16, milliseconds: Int32) -> Int16 {
    var descriptor = pollfd(fd: PQsocket(pointer), events: events, revents: 0)
    return Glibc.poll(&descriptor, 1, milliseconds) > 0 ? descriptor.revents : 0
  }

  /// The first value of the last statement's answer; `nil` for NULL, and where there is no row.
  /// - Parameter sql: queries only; several, separated by `;`, are one transaction.
  /// - Throws: `Refusal` where there is none until `deadline`, or `isStopped` says so.
  borrowing func value(
    of sql: SQLText, deadline: ContinuousClock.Instant, isStopped: () -> Bool
  ) throws -> String? {
    guard PQsendQuery(pointer, sql.text) == 1 else { throw Refusal(message: message) }
    var value: String?
    while true {
      while PQflush(pointer) == 1 || PQisBusy(pointer) == 1 {
        if isStopped() { throw Refusal.stopped }
        if ContinuousClock.now > deadline { throw Refusal(message: "No answer to a question") }
        if ready(Int16(POLLIN), milliseconds: 50) != 0, PQconsumeInput(pointer) != 1 {
          throw Refusal(message: message)
        }
      }
      guard let result = PQgetResult(pointer).map({ ResultHandle($0) }) else { return value }
      guard result.status == PGRES_TUPLES_OK else { throw Refusal(message: message) }
      value = QueryResult(result).rows.first?[0]
    }
  }
}

/// A NULL-terminated array of C strings, as C functions take it.
final class CStrings {
  let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
  private let count: Int

  init(_ texts: [String?]) {
    count = texts.count
    pointers = .allocate(capacity: count + 1)
    for (position, text) in texts.enumerated() {
      (pointers + position).initialize(to: text.flatMap { UnsafePointer(strdup($0)) })
    }
    (pointers + count).initialize(to: nil)
  }

  deinit {
    for position in 0..<count { free(UnsafeMutablePointer(mutating: pointers[position])) }
    pointers.deallocate()
  }
}
