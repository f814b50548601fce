import DemoServer
import Glibc
import Model
import Postgres
import Runtime
import Testing

@Suite struct DemoServerTests {
  @Test func leavesNothingBehind() async throws {
    let server = try await DemoServer.start()
    let connection = try await Connection.open(server.settings())
    let pid = try await connection.query("SELECT pg_read_file('postmaster.pid') AS v").onlyRow.string("v")
    let number = try #require(pid.split(separator: "\n").first.flatMap { Int32($0) })
    #expect(kill(number, 0) == 0)
    try server.stop()
    #expect(access(server.folder, F_OK) != 0)
    #expect(kill(number, 0) != 0)
    await #expect(throws: Fault.self) { try await connection.query("SELECT 1") }
    try server.stop()
  }

  @Test func onlyItsOwnerMayEnter() async throws {
    let server = try await SharedServer.shared()
    for path in [server.folder + "/data", server.socketDirectory] {
      var status = stat()
      #expect(stat(path, &status) == 0)
      #expect(status.st_mode & 0o777 == 0o700)
    }
    let connection = try await Connection.open(server.settings())
    #expect(try await connection.query("SHOW listen_addresses").onlyRow[0] == "")
    await connection.close()
  }

  /// A restart of the server in the middle of a COPY.
  @Test func aCrashInACopyIsATransientFault() async throws {
    let server = try await DemoServer.start()
    let connection = try await Connection.open(server.settings())
    let fault = await #expect(throws: Fault.self) {
      try await connection.copyOut("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT") { _ in
        server.signal(SIGQUIT)
      }
    }
    #expect(fault?.code == "connection_lost")
    #expect(fault?.isTransient == true)
    try server.stop()
  }
}
