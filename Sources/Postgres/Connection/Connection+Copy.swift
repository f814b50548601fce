internal import CLibPQ
internal import Glibc
package import Model
internal import Runtime

extension Connection {
  /// Runs a `COPY ... TO STDOUT` and hands it to `onData` in pieces of some 64 KiB, which are whole
  /// messages of a row each unless a row is longer than that.
  ///
  /// In binary form the header stands before the first row and the trailer is last. The bytes are
  /// valid only during the call. An error
  /// thrown by `onData` stops the COPY on the server and is thrown on; the connection stays usable.
  /// - Returns: the number of bytes.
  @discardableResult
  package func copyOut(
    _ sql: SQLText, onData: (UnsafeRawBufferPointer) throws -> Void
  ) async throws -> Int {
    try await operate(sql) { pointer in
      PQsendQuery(pointer, sql.text)
    } receive: { pointer in
      try self.startCopy(pointer, PGRES_COPY_OUT)
      let gathered = Self.makeCopyBuffer()
      defer { gathered.deallocate() }
      var (filled, total, row) = (0, 0, 0)
      do {
        while true {
          // At least as much room as what is handed over at once: a row is cut only if it is longer.
          let room = gathered.count - filled
          let count = try self.nextPiece(pointer, into: gathered, from: filled)
          row = count == room ? row + count : 0
          self.longestRow = max(self.longestRow, row)
          filled += count
          guard filled >= Self.gatheredSize || count == 0 else { continue }
          if filled > 0 { try onData(UnsafeRawBufferPointer(rebasing: gathered[..<filled])) }
          if count == 0 { break }
          total += filled
          filled = 0
        }
      } catch {
        if self.isOpen { self.drain(pointer) }
        throw error
      }
      _ = try self.lastResult(pointer)
      return total + filled
    }
  }

  /// Runs a `COPY ... FROM STDIN` with what `produce` writes.
  ///
  /// `produce` runs where the caller runs and may wait between writes. An error it throws makes the
  /// server forget the rows and is thrown on; the connection stays usable.
  /// - Returns: the number of rows stored.
  @discardableResult
  package nonisolated(nonsending) func copyIn(
    _ sql: SQLText, _ produce: (CopyWriter) async throws -> Void
  ) async throws -> Int {
    try await beginCopyIn(sql)
    let writer = CopyWriter(self)
    do {
      try await produce(writer)
      try await writer.finish()
    } catch {
      await writer.stop()
      try await abandonCopyIn(because: error)
    }
    return try await endCopyIn()
  }

  private func beginCopyIn(_ sql: SQLText) async throws {
    try await operate(sql) { pointer in
      PQsendQuery(pointer, sql.text)
    } receive: { pointer in
      try self.startCopy(pointer, PGRES_COPY_IN)
      // Here it is the server that waits for what we have.
      OwnThread.giveWay(false)
    }
  }

  private func endCopyIn() async throws -> Int {
    OwnThread.giveWay()
    return try await operate(nil) { pointer in
      PQputCopyEnd(pointer, nil)
    } receive: { pointer in
      QueryResult(try self.lastResult(pointer)).affectedRows
    }
  }

  /// Ends a COPY that cannot go on, also where the task is cancelled.
  /// - Throws: what the server says, where it stopped the COPY by itself: that is the cause of
  ///   whatever went wrong here; else `error`.
  private func abandonCopyIn(because error: any Error) throws {
    OwnThread.giveWay()
    guard let pointer = handle?.pointer, isOpen else { throw error }
    cancelSwitch.begin()
    defer { _ = cancelSwitch.end() }
    guard PQputCopyEnd(pointer, Self.abandonment) == 1 else { throw lost() }
    do {
      _ = try lastResult(pointer)
    } catch let fault as Fault where fault.cause?.contains(Self.abandonment) != true {
      throw fault
    } catch {}
    if error is CopyWriter.ServerStopped {
      throw Fault(
        "copy_interrupted", .resource, "The server interrupted a COPY on `\(settings.name)`",
        isTransient: true)
    }
    throw error
  }

  /// Comes back within the server's message, and tells it from an error of the server's own.
  private static let abandonment = "stopped by the client"

  private func startCopy(_ pointer: OpaquePointer, _ expected: ExecStatusType) throws {
    guard let result = try nextResult(pointer) else { throw lost() }
    switch result.status {
    case expected: return
    case PGRES_FATAL_ERROR:
      let fault = fault(result)
      if isOpen { drain(pointer) }
      throw fault
    default:
      // Another kind of statement, or a COPY the other way: the connection is of no further use.
      close()
      throw Fault("not_a_copy", .internal, "The statement is not the COPY that was expected")
    }
  }

  /// What is gathered before it is handed over: a few hundred rows, small beside a processor's cache.
  private static let gatheredSize = 64 << 10

  private static func makeCopyBuffer() -> UnsafeMutableRawBufferPointer {
    .allocate(byteCount: 2 * gatheredSize, alignment: 16)
  }

  /// Puts the next message of a COPY, or the next part of a long one, into `buffer` behind its first
  /// `offset` bytes.
  ///
  /// libpq's documentation counts `PQgetlineAsync` among the older functions. It is the only one that
  /// does not allocate memory for each row.
  /// - Returns: how many bytes came; 0 after the last, and where the server's error comes next.
  private func nextPiece(
    _ pointer: OpaquePointer, into buffer: UnsafeMutableRawBufferPointer, from offset: Int
  ) throws -> Int {
    guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return 0 }
    let room = Int32(buffer.count - offset)
    var count = PQgetlineAsync(pointer, start + offset, room)
    if count == 0 {
      try waitUntil(pointer) {
        count = PQgetlineAsync(pointer, start + offset, room)
        return count != 0
      }
    }
    // 0 is what is left when the connection was lost while waiting.
    if count == 0 { throw lost() }
    return max(Int(count), 0)
  }

  /// Stops what is going on and throws away what is still to come, so that the connection can be
  /// used again. Where that fails the connection is closed.
  private func drain(_ pointer: OpaquePointer) {
    cancelSwitch.cancel()
    do {
      while let result = try nextResult(pointer) {
        if result.status == PGRES_COPY_OUT {
          let thrownAway = Self.makeCopyBuffer()
          defer { thrownAway.deallocate() }
          while try nextPiece(pointer, into: thrownAway, from: 0) > 0 {}
        }
      }
      if !isOpen { close() }
    } catch {
      close()
    }
  }

  /// Sends a block of a COPY that is going on.
  ///
  /// During a COPY in, libpq does not look at what comes in before the end, and reads it away where
  /// a send has to wait. So each part is sent only when there is room for it, and only while the
  /// server says nothing: our sessions turn notices off, so what it says is that it has stopped.
  fileprivate func putCopyData(_ block: [UInt8]) throws {
    let pointer = try pointer()
    try block.withUnsafeBytes { block in
      var rest = block[...]
      while !rest.isEmpty {
        try waitForRoom()
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(8 << 10))
        let bytes = part.baseAddress?.assumingMemoryBound(to: CChar.self)
        if PQputCopyData(pointer, bytes, Int32(part.count)) != 1 { throw lost() }
        rest = rest.dropFirst(part.count)
      }
    }
  }

  private func waitForRoom() throws {
    let pointer = try pointer()
    var silence = Silence()
    while true {
      if Task.isCancelled { throw Fault.cancelled(settings) }
      let events = try ready(Int16(POLLIN | POLLOUT), &silence, heedsTask: true)
      if events & Int16(POLLIN) != 0 { throw CopyWriter.ServerStopped() }
      if events != 0, PQflush(pointer) != 1 { return }
    }
  }
}

/// The writing end of `Connection.copyIn`, for use within the closure that is given it.
package final class CopyWriter {
  private let connection: Connection
  private var block: [UInt8] = []
  /// The blocks before, on their way in their order while this one is filled.
  private var sending: [Task<Void, any Error>] = []

  /// Handing over a block costs some changes of thread, sending it some hundred microseconds.
  private static let blockSize = 256 << 10
  /// So many that the server has what to do until whoever writes has heard that one was sent, and while it
  /// fetches what comes next.
  private static let mostSending = 4

  /// The server has ended the COPY; its reason is still to be fetched.
  fileprivate struct ServerStopped: Error {}

  fileprivate init(_ connection: Connection) {
    self.connection = connection
    block.reserveCapacity(Self.blockSize)
  }

  /// Adds to the stream; pieces may be cut anywhere.
  package nonisolated(nonsending) func write(_ bytes: some Collection<UInt8>) async throws {
    let count = bytes.count
    var written = 0
    while written < count {
      let part = written..<min(count, written + Self.blockSize - block.count)
      // Copied as memory: element by element, as a slice of any collection is, takes longer than all else here.
      let isCopied: Void? = bytes.withContiguousStorageIfAvailable { bytes in
        block.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[part]))
      }
      if isCopied == nil { block += bytes.dropFirst(part.lowerBound).prefix(part.count) }
      written = part.upperBound
      if block.count == Self.blockSize { try await flush() }
    }
  }

  private nonisolated(nonsending) func flush() async throws {
    while sending.count >= Self.mostSending { try await waitUntilSent() }
    let (connection, block) = (connection, block)
    // Begun here and now, so that the connection's thread is given the blocks in their order.
    sending.append(Task.immediate { try await connection.putCopyData(block) })
    // That block belongs to the task now.
    self.block = []
    self.block.reserveCapacity(Self.blockSize)
  }

  /// Waits until the first of the blocks is sent.
  private nonisolated(nonsending) func waitUntilSent() async throws {
    let tasks = sending
    sending.removeFirst()
    try await withTaskCancellationHandler {
      try await tasks[0].value
    } onCancel: {
      Self.cancel(tasks)
    }
  }

  /// The last first: behind a block that ends amid its bytes none may be sent.
  private static func cancel(_ sending: [Task<Void, any Error>]) {
    for task in sending.reversed() { task.cancel() }
  }

  fileprivate nonisolated(nonsending) func finish() async throws {
    if !block.isEmpty { try await flush() }
    while !sending.isEmpty { try await waitUntilSent() }
  }

  /// Waits until nothing is sent any more, whatever has become of it.
  fileprivate nonisolated(nonsending) func stop() async {
    Self.cancel(sending)
    while !sending.isEmpty { _ = await sending.removeFirst().result }
  }
}
