import DemoServer
import Model
import ProjectRig
import Testing

@testable import Postgres

/// What another connection shows of a server that says nothing.
@Suite struct LivenessProbeTests {
  /// Longer than any answer of a server that is there.
  private static let patience = Duration.seconds(200)
  private static let endless = Duration.seconds(7200)
  /// For an answer that never comes.
  private static let impatience = Duration.milliseconds(500)

  private func ask(
    _ settings: ConnectionSettings, about backendPID: Int = 1, within limit: Duration = patience
  ) -> Silence.Finding {
    LivenessProbe(settings, backendPID: backendPID, limit: limit).ask(endsWaiting: false) { false }
  }

  /// A process that has answered waits for us, if not in the same moment.
  private func expectWaiting(_ connection: Connection, _ settings: ConnectionSettings) async throws {
    try await Patience.until("the process is found waiting") {
      ask(settings, about: connection.backendPID) == .waiting
    }
  }

  private func settings(_ connectionString: String) throws -> ConnectionSettings {
    try ConnectionSettings(name: "probed", connectionString: connectionString, applicationName: "tidemark")
  }

  /// Runs `body` with a database, its superuser, and a string to connect as a role that may log in and no more.
  private func withLogin(
    _ body: (_ admin: Connection, _ login: Identifier, _ connectionString: String) async throws -> Void
  ) async throws {
    try await SharedServer.withConnection { admin in
      let database = try await admin.query("SELECT current_database() AS v").onlyRow.string("v")
      let login = Identifier("login_" + database)
      try await admin.execute("CREATE ROLE \(login) LOGIN")
      let string = try await SharedServer.shared().connectionString(database: database)
      try await body(admin, login, "\(string) user=\(login.name)")
      try await admin.execute("DROP ROLE \(login)")
    }
  }

  @Test func tellsAProcessThatWaitsForUsFromOneAtWork() async throws {
    try await SharedServer.withDatabase { settings in
      let connection = try await Connection.open(settings)
      try await expectWaiting(connection, settings)
      let task = Task { try await connection.query("SELECT pg_sleep(600)") }
      try await Patience.until("the statement goes on") {
        ask(settings, about: connection.backendPID) == .working
      }
      task.cancel()
      await #expect(throws: Fault.self) { try await task.value }
      let other = try await Connection.open(settings.application("somebody else"))
      #expect(ask(settings, about: other.backendPID) == .working)
    }
  }

  /// What is given up holds nothing on the server any more.
  @Test func endsAProcessThatWaitsForUs() async throws {
    try await withLogin { _, _, string in
      let settings = try settings(string)
      let connection = try await Connection.open(settings)
      try await expectWaiting(connection, settings)
      try await expectUsable(connection)
      let probe = LivenessProbe(settings, backendPID: connection.backendPID, limit: Self.patience)
      try await Patience.until("the process is found waiting") {
        probe.ask(endsWaiting: true) { false } == .waiting
      }
      let fault = await #expect(throws: Fault.self) { try await connection.query("SELECT 1") }
      #expect(fault?.code == "connection_lost")
    }
  }

  /// The server's process has the role of the login, which the role that was set may know nothing of.
  @Test func seesPastARoleThatWasSet() async throws {
    try await withLogin { admin, login, string in
      let owner = Identifier("owner_" + login.name)
      try await admin.execute("CREATE ROLE \(owner); GRANT \(owner) TO \(login)")
      let settings = try settings(string + " options='-c role=\(owner.name)'")
      let connection = try await Connection.open(settings)
      #expect(try await connection.query("SELECT current_user AS v").onlyRow.string("v") == owner.name)
      try await expectWaiting(connection, settings)
      await connection.close()
      try await admin.execute("DROP ROLE \(owner)")
    }
  }

  /// A server that refuses the question has been there to do so.
  @Test func takesARefusalForWork() async throws {
    try await withLogin { admin, _, string in
      let settings = try settings(string)
      let connection = try await Connection.open(settings)
      try await expectWaiting(connection, settings)
      try await admin.execute("REVOKE SELECT ON pg_stat_activity FROM PUBLIC")
      #expect(ask(settings, about: connection.backendPID) == .working)
    }
  }

  /// With all its sessions in use, a pooler lets clients log in and their questions wait.
  @Test(.enabled(if: Pooler.isInstalled, "needs pgbouncer"))
  func takesAFullPoolForWork() async throws {
    try await SharedServer.withConnection { direct in
      let database = try await direct.query("SELECT current_database() AS v").onlyRow.string("v")
      try await Pooler.with(SharedServer.shared()) { pooler in
        let settings = try pooler.settings(database: database)
        var users: [Connection] = []
        // As many as pgbouncer's `default_pool_size`.
        for _ in 0..<20 {
          let user = try await Connection.open(settings)
          try await user.begin(.reading())
          users.append(user)
        }
        let pid = users[0].backendPID
        #expect(ask(settings, about: pid, within: Self.impatience) == .working)
        // More looks than logging in takes.
        var looks = 0
        let probe = LivenessProbe(settings, backendPID: pid, limit: Self.endless)
        let finding = probe.ask(endsWaiting: false) {
          looks += 1
          return looks > 20
        }
        #expect(finding == .working)
      }
    }
  }

  /// Failures on our side, and servers that are others than was asked for.
  @Test(arguments: [
    "host=/nowhere", "hostaddr=nowhere", "dbname=nowhere", "target_session_attrs=standby",
  ])
  func takesOtherFailuresForWork(_ more: String) async throws {
    let server = try await SharedServer.shared()
    #expect(try ask(settings(server.connectionString() + " " + more)) == .working)
  }

  @Test func seesThatNobodyAnswers() async throws {
    let server = try await SharedServer.shared()
    #expect(try ask(settings("host=127.0.0.1 port=1 user=postgres")) == .unreachable)
    let way = try TCPProxy(to: "\(server.socketDirectory)/.s.PGSQL.\(server.port)")
    defer { way.stop() }
    let settings = try settings(way.connectionString(database: "postgres"))
    way.reset(.holdAll, .toServer, behind: 0)
    #expect(ask(settings, within: Self.impatience) == .unreachable)
    way.reset(.holdAll, .toClient, behind: 1)
    #expect(ask(settings, within: Self.impatience) == .working)
    way.reset(.cut, .toServer, behind: 0)
    #expect(ask(settings) == .working)
  }

  @Test func endsWhenToldTo() async throws {
    let server = try await SharedServer.shared()
    let way = try TCPProxy(to: "\(server.socketDirectory)/.s.PGSQL.\(server.port)")
    defer { way.stop() }
    let settings = try settings(way.connectionString(database: "postgres"))
    way.reset(.holdAll, .toServer, behind: 0)
    let probe = LivenessProbe(settings, backendPID: 1, limit: Self.endless)
    #expect(probe.ask(endsWaiting: false) { way.isBroken } == .working)
  }

  /// Wherever the string would lead to by now.
  @Test func asksTheServerThatTheConnectionHasReached() async throws {
    let server = try await SharedServer.shared()
    let reached = try settings(
      "host=/nowhere,\(server.socketDirectory) port=\(server.port) user=postgres dbname=postgres")
    let handle = try ConnectionHandle.open(reached, in: nil, within: Self.patience) { false }
    let elsewhere = try settings(
      "host=127.0.0.1,127.0.0.1 port=1,2 user=postgres dbname=postgres target_session_attrs=standby")
    let probe = LivenessProbe(of: handle.pointer, elsewhere)
    try await Patience.until("the process is found waiting") {
      probe.ask(endsWaiting: false) { false } == .waiting
    }
  }
}
