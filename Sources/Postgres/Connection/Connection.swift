internal import CLibPQ
internal import Glibc
package import Model
internal import Runtime

/// One connection to Postgres. Every call waits on the connection's own thread, never on one of
/// Swift's, and every error is a `Fault`.
///
/// One task uses a connection at a time: between two calls of a transaction, another task's
/// statement would join that transaction. `cancel` alone may come from anywhere. Cancelling the
/// task that waits cancels the statement on the server and throws `cancelled` (class interrupted).
///
/// Closures given to `copyOut` and `copyIn` run on the connection's thread, as do all waits.
package actor Connection {
  package nonisolated let settings: ConnectionSettings
  /// `major * 10000 + minor`, as in 150004.
  package nonisolated let serverVersion: Int
  package nonisolated let backendPID: Int

  private nonisolated let executor: ThreadExecutor
  nonisolated let cancelSwitch: CancelSwitch
  var handle: ConnectionHandle?
  /// Of those that were read by COPY, in bytes: libpq keeps the memory of it for as long as the connection lives.
  var longestRow = 0
  /// No server answers later than this after its own `statement_timeout`; longer silence means
  /// that it, or the way to it, is gone. Set with each transaction's settings.
  private var silenceLimit: Duration?
  /// The same outside of transactions, and in those without settings.
  private var lastingSilenceLimit: Duration?
  /// How long the transaction waits for a lock, for good.
  private var lockPatience: Duration?
  /// Who has the lock that the statement waits for, as far as anybody has asked.
  private var blockers: String?
  /// What was sent, for the places of what the server refuses in it.
  private var statement: SQLText?

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    executor.asUnownedSerialExecutor()
  }

  /// Connects.
  /// - Throws: `Fault` of class connection or auth; `connection_limit` (transient) where the
  ///   settings' limit is reached; `cancelled` when the task is.
  package static func open(_ settings: ConnectionSettings) async throws -> Connection {
    let place = try await settings.limit?.take(settings.name)
    let executor = try ThreadExecutor(name: "pg-\(settings.name)")
    return try await Opener(executor: executor).open(settings, in: place)
  }

  /// Carries the thread's isolation while there is no connection yet.
  private actor Opener {
    private let executor: ThreadExecutor

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(executor: ThreadExecutor) {
      self.executor = executor
    }

    func open(
      _ settings: ConnectionSettings, in place: ConnectionLimit.Place?
    ) async throws -> Connection {
      // The server's processes, on a machine that they share with us, make more of their time.
      OwnThread.giveWay()
      do {
        let handle = try ConnectionHandle.open(settings, in: place, within: settings.connectLimit) {
          Task.isCancelled
        }
        return try Connection(handle, settings, executor)
      } catch let refusal as ConnectionHandle.Refusal {
        let fault = refusal.fault(settings)
        // Room for the next try.
        if fault.code == "too_many_connections" { await SpareConnections.closeAll() }
        throw fault
      }
    }
  }

  private init(
    _ handle: consuming ConnectionHandle, _ settings: ConnectionSettings, _ executor: ThreadExecutor
  ) throws {
    guard let request = PQgetCancel(handle.pointer) else {
      throw Fault.lost(settings, handle.message)
    }
    let pointer = handle.pointer
    // A notice (`table does not exist, skipping`) would go to stderr past our log.
    PQsetNoticeReceiver(pointer, { _, _ in }, nil)
    self.handle = consume handle
    self.settings = settings
    self.executor = executor
    serverVersion = Int(PQserverVersion(pointer))
    backendPID = Int(PQbackendPID(pointer))
    cancelSwitch = CancelSwitch(request)
  }

  /// Ends the connection. Calls after that throw `connection_lost`.
  package func close() {
    handle = nil
  }

  /// False once the connection is closed or found lost.
  package var isOpen: Bool { handle?.isAlive ?? false }

  var isInTransaction: Bool {
    get throws { PQtransactionStatus(try pointer()) != PQTRANS_IDLE }
  }

  /// Stops the statement that is going on, from any thread or task and without waiting: it throws
  /// `cancelled` within milliseconds. Nothing happens where none is going on.
  package nonisolated func cancel() {
    cancelSwitch.cancel()
  }

  /// Runs one statement and gives its rows, all of them in memory.
  /// - StatementParameter parameters: stand for `$1`, `$2` and so on.
  @discardableResult
  package func query(_ sql: SQLText, _ parameters: [StatementParameter] = []) async throws -> QueryResult {
    try await operate(sql) { pointer in
      ParameterList(parameters).send(sql, pointer)
    } receive: { pointer in
      QueryResult(try self.lastResult(pointer))
    }
  }

  /// Runs one or more statements, separated by `;`, without looking at rows.
  /// - Returns: the rows touched by the last one.
  @discardableResult
  package func execute(_ sql: SQLText) async throws -> Int {
    try await operate(sql) { pointer in
      PQsendQuery(pointer, sql.text)
    } receive: { pointer in
      QueryResult(try self.lastResult(pointer)).affectedRows
    }
  }

  /// Runs `sql` even where the task is cancelled: for putting things back in order.
  /// - Returns: the command's name.
  func executeShielded(_ sql: SQLText) throws -> String {
    let pointer = try pointer()
    guard PQsendQuery(pointer, sql.text) == 1 else { throw lost() }
    cancelSwitch.begin()
    defer { _ = cancelSwitch.end() }
    return try lastResult(pointer).commandTag
  }

  /// What is waited for within a transaction, and how long.
  func limitWaiting(_ session: SessionSettings?) {
    silenceLimit = session?.silenceLimit
    lockPatience = session?.lockPatience
  }

  /// For a session whose every statement ends by a timeout of its own: it is lost where nothing comes for so long.
  package func limitEverySilence(_ limit: Duration) {
    lastingSilenceLimit = limit
  }

  // MARK: The way of every statement

  /// Sends, then installs the cancel hook, then waits: a cancel that came before the statement
  /// would be lost, and one that came while it was sent finds it going on.
  /// - Parameter sql: the statement, where it is one.
  func operate<Output>(
    _ sql: SQLText?, send: (OpaquePointer) -> Int32, receive: (OpaquePointer) throws -> Output
  ) async throws -> Output {
    let pointer = try pointer()
    if Task.isCancelled { throw Fault.cancelled(settings) }
    let start = ContinuousClock.now
    blockers = nil
    statement = sql
    defer { statement = nil }
    cancelSwitch.begin()
    guard send(pointer) == 1 else {
      _ = cancelSwitch.end()
      throw lost()
    }
    let result: Result<Output, any Error> = await withTaskCancellationHandler {
      // Through `self`: a closure that does not capture its actor runs on Swift's pool.
      self.waiting { try receive(pointer) }
    } onCancel: {
      cancelSwitch.cancel()
    }
    let wasCancelled = cancelSwitch.end()
    do {
      return try result.get()
    } catch let fault as Fault where wasCancelled && fault.code == "query_cancelled" {
      throw Fault.cancelled(settings)
    } catch let fault as Fault where fault.code == "lock_not_available" {
      throw held(fault, for: ContinuousClock.now - start)
    }
  }

  /// The fault of a lock that was not to be had, with those who have it; another one where it was waited for as long as
  /// it is at all.
  private func held(_ fault: Fault, for waited: Duration) -> Fault {
    var fault = fault
    if let blockers {
      fault.cause = (fault.cause.map { $0 + "; " } ?? "") + "the lock is held by \(blockers)"
    }
    guard let lockPatience, waited >= lockPatience else { return fault }
    return Fault(
      "lock_held", .resource,
      "A lock was waited for over \(lockPatience.milliseconds / 1000) s on connection `\(settings.name)`, as long as `errors.retry.give_up_after` allows",
      cause: fault.cause,
      hint:
        "See what that process does (`pg_stat_activity`); where it hangs, end it with `pg_terminate_backend`, and run the same command again",
      isTransient: true)
  }

  private func waiting<Output>(_ body: () throws -> Output) -> Result<Output, any Error> {
    assert(executor.isCurrent, "a connection waits on its own thread")
    return Result { try body() }
  }

  /// The last of the results of what was sent, after all of them have come.
  func lastResult(_ pointer: OpaquePointer) throws -> ResultHandle {
    var last: ResultHandle?
    var fault: Fault?
    while let result = try nextResult(pointer) {
      let status = result.status
      if status == PGRES_FATAL_ERROR {
        fault = fault ?? self.fault(result)
      } else if [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(status) {
        // libpq would give the same result for ever; only `copyIn` and `copyOut` can go on here.
        close()
        throw Fault(
          "unexpected_copy", .validation, "A COPY to or from the client cannot be run as a statement")
      } else {
        last = consume result
      }
    }
    if let fault {
      if !isOpen { close() }
      throw fault
    }
    guard let last else { throw lost() }
    return last
  }

  /// The next result of what was sent; `nil` after the last.
  func nextResult(_ pointer: OpaquePointer) throws -> ResultHandle? {
    try waitUntil(pointer) { PQisBusy(pointer) == 0 }
    return PQgetResult(pointer).map { ResultHandle($0) }
  }

  /// Waits for the server until `isReady`, but not for ever.
  func waitUntil(_ pointer: OpaquePointer, _ isReady: () throws -> Bool) throws {
    var hasLooked = false
    var silence = Silence()
    while try !isReady() {
      let isSending = PQflush(pointer) == 1
      // What has come already is looked at without waiting.
      if hasLooked { _ = try ready(Int16(isSending ? POLLIN | POLLOUT : POLLIN), &silence) }
      guard PQconsumeInput(pointer) == 1 else { return }
      hasLooked = true
    }
  }

  /// Waits a moment for the socket.
  /// - Parameter heedsTask: whether a task that is cancelled waits for no other connection either. Between statements
  ///   `cancelSwitch` does not tell, and a COMMIT waits also where the task is cancelled.
  /// - Returns: which of `events` are there.
  /// - Throws: `connection_lost` where the silence has come to mean that; `cancelled` where a server takes too long
  ///   over a cancel.
  func ready(_ events: Int16, _ silence: inout Silence, heedsTask: Bool = false) throws -> Int16 {
    let there = handle?.ready(events, milliseconds: Silence.turn) ?? 0
    if let requested = cancelSwitch.requestedAt {
      guard ContinuousClock.now - requested > Self.cancelPatience else { return there }
      close()
      throw Fault.cancelled(settings)
    }
    if there != 0 {
      silence = Silence()
      return there
    }
    switch silence.step(at: .now, limit: silenceLimit ?? lastingSilenceLimit) {
    case .wait: break
    case .giveUp: throw lost("No answer long after the statement's timeout")
    case .ask:
      let probe = LivenessProbe(of: try pointer(), settings)
      let finding = probe.ask(endsWaiting: silence.isSuspect) {
        cancelSwitch.requestedAt != nil || heedsTask && Task.isCancelled
      }
      if silence.learn(finding, at: .now) {
        throw lost(
          finding == .unreachable
            ? "Nothing comes, and no other connection to the server comes about"
            : "Nothing comes, and the server waits for us: something between us lets nothing through")
      }
      if case .blocked(let names) = finding, names != blockers {
        blockers = names
        settings.reportBlockers?(names)
      }
    }
    return there
  }

  /// How long a server may take over a cancel before the connection is given up.
  private static let cancelPatience = Duration.seconds(10)

  func pointer() throws -> OpaquePointer {
    assert(executor.isCurrent, "a connection is used on its own thread")
    guard let pointer = handle?.pointer else { throw Fault.lost(settings, "It is closed") }
    return pointer
  }

  /// The fault for a failed result. Leaves the connection as it is: its end is still to be read.
  func fault(_ result: borrowing ResultHandle) -> Fault {
    let error = ServerError(result)
    if error.state.code.isEmpty { return Fault.lost(settings, error.message) }
    return error.fault(settings, in: statement)
  }

  /// The fault for a connection that libpq found lost; closes it.
  func lost(_ message: String? = nil) -> Fault {
    let message = message ?? handle?.message ?? ""
    close()
    return Fault.lost(settings, message)
  }
}
