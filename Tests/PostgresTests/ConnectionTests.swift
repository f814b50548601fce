import DemoServer
import Model
import Postgres
import Testing

@Suite struct ConnectionTests {
  @Test func givesRowsAndColumns() async throws {
    try await SharedServer.withConnection { connection in
      let result = try await connection.query("SELECT 1::int AS a, NULL::text AS b, 'x\u{1F600}' AS c")
      #expect(result.columns.map(\.name) == ["a", "b", "c"])
      #expect(result.columns.map(\.typeOID) == [23, 25, 25])
      let row = try result.onlyRow
      #expect(try row.integer("a") == 1)
      #expect(try row.text("b") == nil)
      #expect(row[2] == "x\u{1F600}")
      #expect(throws: Fault.self) { try row.text("d") }
      #expect(throws: Fault.self) { try row.integer("c") }
    }
  }

  @Test(arguments: [
    StatementParameter.null, .text("it's \\ x"), .integer(.min), .bytes([0, 255, 39]), .bytes([]), .text(""),
  ])
  func sendsParameters(parameter: StatementParameter) async throws {
    try await SharedServer.withConnection { connection in
      let type: SQLText =
        switch parameter {
        case .null, .text: "text"
        case .integer: "bigint"
        case .bytes: "bytea"
        }
      let text = try await connection.query("SELECT $1::\(type) AS v", [parameter]).onlyRow.text("v")
      switch parameter {
      case .null: #expect(text == nil)
      case .text(let sent): #expect(text == sent)
      case .integer(let sent): #expect(text == "\(sent)")
      case .bytes(let sent):
        let digits = sent.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(text == "\\x" + digits)
      }
    }
  }

  @Test func commitsAndRollsBack() async throws {
    try await SharedServer.withConnection { connection in
      try await connection.execute("CREATE TABLE t (a int)")
      let answer = try await connection.transaction(.writing()) { connection in
        try await connection.execute("INSERT INTO public.t VALUES (1), (2)")
      }
      #expect(answer == 2)
      struct Stop: Error {}
      await #expect(throws: Stop.self) {
        try await connection.transaction(.writing()) { connection in
          try await connection.execute("DELETE FROM public.t")
          throw Stop()
        }
      }
      #expect(try await connection.query("SELECT count(*) AS n FROM t").onlyRow.integer("n") == 2)
    }
  }

  @Test func aFailedStatementMakesTheCommitFail() async throws {
    try await SharedServer.withConnection { connection in
      let fault = await #expect(throws: Fault.self) {
        try await connection.transaction(.writing()) { connection in
          do { try await connection.execute("SELECT 1/0") } catch {}
        }
      }
      #expect(fault?.code == "transaction_rolled_back")
      try await expectUsable(connection)
    }
  }

  @Test func setsTheSession() async throws {
    try await SharedServer.withConnection { connection in
      try await connection.execute("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'SQL, DMY'")
      var session = SessionSettings(timeZone: "Europe/Berlin", searchPath: ["a b", "c\"d"])
      session.statementTimeout = .seconds(90)
      session.lockTimeout = .microseconds(1)
      let text = try await connection.transaction(.reading(session)) { connection in
        try await connection.query(
          """
          SELECT concat_ws('|', timestamptz '2026-07-01 00:00+00', current_setting('search_path'),
            current_setting('statement_timeout'), current_setting('lock_timeout'),
            current_setting('transaction_isolation'), current_setting('transaction_read_only'),
            current_setting('row_security')) AS v
          """
        ).onlyRow.string("v")
      }
      #expect(
        text == "2026-07-01 02:00:00+02|\"a b\", \"c\"\"d\"|90s|1ms|repeatable read|on|off")
      #expect(try await connection.query("SHOW TimeZone").onlyRow.string("TimeZone") == "Asia/Tokyo")
    }
  }

  /// A commit that was answered outlives a crash of the server, whatever the role or the database has set.
  @Test(arguments: [("off", "on"), ("local", "local"), ("remote_write", "remote_write")])
  func whatIsWrittenIsDurable(_ setting: String, _ there: String) async throws {
    try await SharedServer.withConnection { connection in
      try await connection.execute("SET synchronous_commit = \(.string(setting))")
      for (options, expected) in [(TransactionOptions.writing(), there), (.reading(), setting)] {
        let seen = try await connection.transaction(options) { connection in
          try await connection.query("SHOW synchronous_commit").onlyRow.string("synchronous_commit")
        }
        #expect(seen == expected)
      }
    }
  }

  @Test func aTerminatedBackendIsATransientFault() async throws {
    try await SharedServer.withDatabase { settings in
      let victim = try await Connection.open(settings)
      let killer = try await Connection.open(settings)
      try await killer.query("SELECT pg_terminate_backend(\(victim.backendPID))")
      let fault = await #expect(throws: Fault.self) { try await victim.query("SELECT 1") }
      #expect(fault?.code == "connection_lost")
      #expect(fault?.isTransient == true)
      #expect(await !victim.isOpen)
      await #expect(throws: Fault.self) { try await victim.query("SELECT 1") }
    }
  }

  @Test func fourBlockingQueriesDoNotStarveOtherTasks() async throws {
    try await SharedServer.withDatabase { settings in
      try await withThrowingTaskGroup(of: Int.self) { group in
        let holder = try await Connection.open(settings)
        try await holder.execute("SELECT pg_advisory_lock(1)")
        for _ in 0..<4 {
          let connection = try await Connection.open(settings)
          group.addTask {
            try await connection.query("SELECT 1 AS n FROM pg_advisory_lock_shared(1)").onlyRow.integer("n")
          }
        }
        // The queries end only after these tasks: were the pool's threads taken, this would hang.
        for _ in 0..<50 { await Task.detached {}.value }
        try await holder.execute("SELECT pg_advisory_unlock(1)")
        #expect(try await group.reduce(0, +) == 4)
      }
    }
  }
}
