import DemoServer
import Model
import Postgres
import Testing

@Suite struct CopyTests {
  private struct Stop: Error {}

  @Test(arguments: ["text", "binary"])
  func roundTrip(format: String) async throws {
    try await SharedServer.withConnection { connection in
      let options: SQLText = format == "text" ? "(FORMAT text)" : "(FORMAT binary)"
      try await connection.execute(
        """
        CREATE TABLE a AS SELECT g AS id, repeat(g::text, g % 500) AS t, NULLIF(g % 3, 0)::numeric / 7 AS n
          FROM generate_series(1, 5000) g;
        CREATE TABLE b (LIKE a)
        """)
      var bytes: [UInt8] = []
      var pieces = 0
      var longest = 0
      let count = try await connection.copyOut("COPY a TO STDOUT \(options)") {
        bytes += $0
        pieces += 1
        longest = max(longest, $0.count)
      }
      #expect(count == bytes.count)
      // Whole messages, gathered: no row here is longer than 4 KiB.
      #expect(longest <= 128 << 10)
      #expect(pieces <= bytes.count / (60 << 10) + 1)
      for size in [1, 7, 1000, 1 << 20] {
        try await connection.execute("TRUNCATE b")
        let rows = try await connection.copyIn("COPY b FROM STDIN \(options)") { writer in
          // The odd sizes only go over the beginning, or the test would take long.
          var start = 0
          while start < bytes.count {
            let end = min(start + (start < 2000 ? size : bytes.count), bytes.count)
            try await writer.write(bytes[start..<end])
            start = end
          }
        }
        #expect(rows == 5000)
        #expect(try await connection.query("TABLE a EXCEPT TABLE b").rows.isEmpty)
      }
    }
  }

  @Test(arguments: [0, 1, 100])
  func anErrorOfTheReceiverStopsTheCopy(after pieces: Int) async throws {
    try await SharedServer.withConnection { connection in
      var seen = 0
      await #expect(throws: Stop.self) {
        try await connection.copyOut("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT") { _ in
          if seen == pieces { throw Stop() }
          seen += 1
        }
      }
      #expect(seen == pieces)
      try await expectUsable(connection)
    }
  }

  @Test func anErrorOfTheServerEndsACopyOut() async throws {
    try await SharedServer.withConnection { connection in
      let fault = await #expect(throws: Fault.self) {
        try await connection.copyOut(
          "COPY (SELECT 10 / (5000 - generate_series(1, 10000))) TO STDOUT"
        ) { _ in }
      }
      #expect(fault?.kind == .data)
      try await expectUsable(connection)
    }
  }

  @Test func anErrorOfTheProducerStoresNothing() async throws {
    try await SharedServer.withConnection { connection in
      try await connection.execute("CREATE TABLE t (a int)")
      await #expect(throws: Stop.self) {
        try await connection.copyIn("COPY t FROM STDIN") { writer in
          try await writer.write("1\n2\n".utf8)
          throw Stop()
        }
      }
      #expect(try await connection.query("SELECT FROM t").rows.isEmpty)
    }
  }

  /// A column's name is no row data, and the one thing that helps where a value does not fit.
  @Test func theColumnOfAValueThatDoesNotFitIsNamed() async throws {
    try await SharedServer.withConnection { connection in
      try await connection.execute("CREATE TABLE t (a int, \"b: c\" numeric(3, 1))")
      let fault = await #expect(throws: Fault.self) {
        try await connection.copyIn("COPY t FROM STDIN") { writer in try await writer.write("1\t999\n".utf8) }
      }
      #expect(fault?.cause == "numeric field overflow: column `b: c` (SQLSTATE 22003)")
    }
  }

  @Test func theServersErrorEndsACopyInEarly() async throws {
    try await SharedServer.withConnection { connection in
      try await connection.execute("CREATE TABLE t (a int)")
      let rows = [UInt8](String(repeating: "1\n", count: 10_000).utf8)
      let fault = await #expect(throws: Fault.self) {
        try await connection.copyIn("COPY t FROM STDIN") { writer in
          try await writer.write("canary-value\n".utf8)
          // For ever, were it not told that the server has stopped.
          while true { try await writer.write(rows) }
        }
      }
      #expect(fault?.code == "bad_value")
      #expect(fault?.cause?.contains("canary-value") == false)
      #expect(fault?.cause?.contains(": column `a` (SQLSTATE") == true, "\(fault?.cause ?? "")")
      try await expectUsable(connection)
    }
  }

  @Test(arguments: [
    "COPY nowhere TO STDOUT", "SELECT 1", "COPY t FROM STDIN", "SELEC", "",
  ])
  func whatIsNoCopyOutIsRefused(sql: String) async throws {
    try await SharedServer.withConnection { connection in
      try await connection.execute("CREATE TABLE t (a int)")
      await #expect(throws: Fault.self) { try await connection.copyOut(SQLText(trusted: sql)) { _ in } }
    }
  }

  @Test func aCopyIsNoQuery() async throws {
    try await SharedServer.withConnection { connection in
      await #expect(throws: Fault.self) { try await connection.execute("COPY (SELECT 1) TO STDOUT") }
    }
  }
}
