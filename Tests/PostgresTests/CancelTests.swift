import DemoServer
import Glibc
import Model
import Postgres
import Testing

@Suite struct CancelTests {
  /// Waits until the server runs a statement that `text` stands in.
  private func waitUntilRunning(_ text: String, on admin: Connection) async throws {
    while try await admin.query(
      "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE \(literal: .text(text + "%"))"
    ).rows.isEmpty {}
  }

  @Test(arguments: [true, false])
  func stopsAQuery(byTask: Bool) async throws {
    try await SharedServer.withDatabase { settings in
      let connection = try await Connection.open(settings)
      let admin = try await Connection.open(settings)
      let task = Task { try await connection.query("SELECT pg_sleep(600)") }
      try await waitUntilRunning("SELECT pg_sleep", on: admin)
      if byTask { task.cancel() } else { connection.cancel() }
      let fault = await #expect(throws: Fault.self) { try await task.value }
      #expect(fault?.code == "cancelled")
      #expect(fault?.kind == .interrupted)
      #expect(await connection.isOpen)
      try await expectUsable(connection)
    }
  }

  @Test func stopsACopyOut() async throws {
    try await SharedServer.withDatabase { settings in
      let connection = try await Connection.open(settings)
      let (pieces, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
      let task = Task {
        try await connection.copyOut("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT") { _ in
          continuation.yield()
        }
      }
      var iterator = pieces.makeAsyncIterator()
      await iterator.next()
      task.cancel()
      let fault = await #expect(throws: Fault.self) { try await task.value }
      #expect(fault?.code == "cancelled")
      try await expectUsable(connection)
    }
  }

  @Test func aCancelledTaskRollsBack() async throws {
    try await SharedServer.withDatabase { settings in
      let connection = try await Connection.open(settings)
      let admin = try await Connection.open(settings)
      try await admin.execute("CREATE TABLE t (a int)")
      let task = Task {
        try await connection.transaction(.writing()) { connection in
          try await connection.execute("INSERT INTO public.t VALUES (1)")
          try await connection.query("SELECT pg_sleep(600)")
        }
      }
      try await waitUntilRunning("SELECT pg_sleep", on: admin)
      task.cancel()
      await #expect(throws: Fault.self) { try await task.value }
      #expect(try await admin.query("SELECT FROM t").rows.isEmpty)
      #expect(
        try await admin.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        ).rows.isEmpty)
    }
  }

  @Test func somebodyElsesCancelIsNotOurs() async throws {
    try await SharedServer.withDatabase { settings in
      let connection = try await Connection.open(settings)
      let admin = try await Connection.open(settings)
      let task = Task { try await connection.query("SELECT pg_sleep(600)") }
      try await waitUntilRunning("SELECT pg_sleep", on: admin)
      try await admin.query("SELECT pg_cancel_backend(\(connection.backendPID))")
      let fault = await #expect(throws: Fault.self) { try await task.value }
      #expect(fault?.code == "query_cancelled")
    }
  }

  @Test func aStatementTimeoutIsNotTransient() async throws {
    try await SharedServer.withConnection { connection in
      let options = TransactionOptions.reading(SessionSettings(statementTimeout: .milliseconds(1)))
      let fault = await #expect(throws: Fault.self) {
        try await connection.transaction(options) { try await $0.query("SELECT pg_sleep(600)") }
      }
      #expect(fault?.code == "query_cancelled")
      #expect(fault?.isTransient == false)
    }
  }

  /// A host that takes connections and never says a word.
  private func withSilentHost(_ body: (_ listener: Int32, _ port: UInt16) async throws -> Void) async throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    #expect(isListening)
    try await body(listener, UInt16(bigEndian: address.sin_port))
  }

  @Test func stopsAnAttemptToConnect() async throws {
    try await withSilentHost { listener, port in
      let settings = try ConnectionSettings(
        name: "silent", connectionString: "host=127.0.0.1 port=\(port) connect_timeout=600",
        applicationName: "test")
      let task = Task { try await Connection.open(settings) }
      // The listener's end of the connection: the attempt is going on.
      let accepted = accept(listener, nil, nil)
      defer { close(accepted) }
      task.cancel()
      let fault = await #expect(throws: Fault.self) { try await task.value }
      #expect(fault?.code == "cancelled")
    }
  }

  @Test func aSilentHostIsToldWithWhatToCheck() async throws {
    try await withSilentHost { _, port in
      let settings = try ConnectionSettings(
        name: "silent", connectionString: "host=127.0.0.1 port=\(port) connect_timeout=2",
        applicationName: "test")
      let fault = await #expect(throws: Fault.self) { try await Connection.open(settings) }
      #expect(fault?.code == "cannot_connect" && fault?.isTransient == true)
      let hint = fault?.hint ?? ""
      #expect(hint.contains("Nothing came back") && hint.contains("raise `connect_timeout`"), "\(hint)")
    }
  }
}
