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

  /// Connects, waiting at most `limit`.
  /// - Parameter heedsCancel: whether the attempt ends when the task is cancelled.
  /// - Throws: `Refusal`, with what libpq and the server said.
  static func open(
    _ settings: ConnectionSettings, in place: ConnectionLimit.Place?, heedsCancel: Bool = true
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
    try handle.connect(deadline: .now + settings.connectLimit, heedsCancel: heedsCancel)
    // libpq would wait without end for room to send, also when a connection is closed.
    PQsetnonblocking(pointer, 1)
    PQsetErrorVerbosity(pointer, PQERRORS_DEFAULT)
    return handle
  }

  /// Why no connection came about.
  struct Refusal: Error {
    var message: String
    var isCancelled = false
  }

  private borrowing func connect(deadline: ContinuousClock.Instant, heedsCancel: Bool) throws {
    if PQstatus(pointer) == CONNECTION_BAD { throw Refusal(message: message) }
    var events = Int16(POLLOUT)
    while true {
      if heedsCancel, Task.isCancelled { throw Refusal(message: "", isCancelled: true) }
      if ContinuousClock.now > deadline {
        throw Refusal(message: "No answer within the connection's `connect_timeout`")
      }
      if ready(events, milliseconds: 50) == 0 { continue }
      switch PQconnectPoll(pointer) {
      case PGRES_POLLING_READING: events = Int16(POLLIN)
      case PGRES_POLLING_WRITING: events = Int16(POLLOUT)
      case PGRES_POLLING_OK: return
      default: throw Refusal(message: message)
      }
    }
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

  /// The first value of a query's answer; `nil` for NULL.
  /// - Throws: `Refusal` where there is none within `limit`.
  borrowing func value(of sql: SQLText, within limit: Duration) throws -> String? {
    let deadline = ContinuousClock.now + limit
    guard PQsendQuery(pointer, sql.text) == 1 else { throw Refusal(message: message) }
    while PQflush(pointer) == 1 || PQisBusy(pointer) == 1 {
      if ContinuousClock.now > deadline { throw Refusal(message: "No answer to a question") }
      if ready(Int16(POLLIN), milliseconds: 50) != 0, PQconsumeInput(pointer) != 1 { break }
    }
    guard let result = PQgetResult(pointer).map({ ResultHandle($0) }), result.status == PGRES_TUPLES_OK else {
      throw Refusal(message: message)
    }
    return QueryResult(result).rows.first?[0]
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
