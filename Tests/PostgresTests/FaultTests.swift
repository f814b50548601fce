import DemoServer
import Model
import Runtime
import Testing

@testable import Postgres

@Suite struct FaultTests {
  /// Each statement, run after the ones before it on one connection, and the fault it gives.
  @Test(arguments: [
    ("SELECT * FROM nowhere", "unknown_table", FaultClass.notFound, false),
    ("SELECT nothing FROM pg_class", "unknown_column", .notFound, false),
    ("SELECT no_function()", "unknown_function", .notFound, false),
    ("SELEC", "bad_sql", .validation, false),
    ("SELECT 1/0", "bad_value", .data, false),
    ("INSERT INTO t VALUES (1), (1)", "unique_violation", .data, false),
    ("INSERT INTO t VALUES (NULL)", "not_null_violation", .data, false),
    ("INSERT INTO u VALUES (5)", "foreign_key_violation", .data, false),
    ("INSERT INTO t VALUES (-1)", "check_violation", .data, false),
    ("DO $$ BEGIN RAISE SQLSTATE '23514'; END $$", "check_violation", .data, false),
    (
      "CREATE TABLE p (a int) PARTITION BY RANGE (a); INSERT INTO p VALUES (1)", "no_partition", .data, false
    ),
    ("INSERT INTO t VALUES ('x')", "bad_value", .data, false),
    ("CREATE TABLE t ()", "already_exists", .validation, false),
    ("BEGIN READ ONLY; INSERT INTO t VALUES (2)", "read_only_server", .config, false),
    ("SET ROLE pg_monitor; SELECT * FROM pg_authid", "missing_privilege", .auth, false),
    ("DO $$ BEGIN RAISE EXCEPTION 'said'; END $$", "raised_in_function", .data, false),
    ("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", "serialization_failure", .resource, true),
    ("DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", "deadlock", .resource, true),
    ("DO $$ BEGIN RAISE SQLSTATE '55P03'; END $$", "lock_not_available", .resource, true),
    ("DO $$ BEGIN RAISE SQLSTATE '57P03'; END $$", "server_starting", .connection, true),
    ("DO $$ BEGIN RAISE SQLSTATE '53300'; END $$", "too_many_connections", .resource, true),
    ("DO $$ BEGIN RAISE SQLSTATE '53999'; END $$", "server_out_of_resources", .resource, true),
    ("DO $$ BEGIN RAISE SQLSTATE 'ZZ999'; END $$", "postgres_error", .internal, false),
  ])
  func meanings(sql: String, code: String, kind: FaultClass, isTransient: Bool) async throws {
    try await SharedServer.withSchema { settings, _ in
      let connection = try await Connection.open(settings)
      try await connection.execute(
        "CREATE TABLE t (a int PRIMARY KEY CHECK (a > 0)); CREATE TABLE u (b int REFERENCES t)")
      let fault = await #expect(throws: Fault.self) { try await connection.execute(SQLText(trusted: sql)) }
      #expect(fault?.code == code)
      #expect(fault?.kind == kind)
      #expect(fault?.isTransient == isTransient)
      #expect(fault?.sentence.contains("`demo`") == true)
      #expect(fault?.cause?.contains("SQLSTATE") == true)
    }
  }

  /// libpq's own words, in its own lines.
  @Test(arguments: [
    (
      """
      server closed the connection unexpectedly
      \tThis probably means the server terminated abnormally
      \tbefore or while processing the request.
      invalid socket

      """,
      "server closed the connection unexpectedly; This probably means the server terminated abnormally"
        + " before or while processing the request."
    ),
    ("SSL connection has been closed unexpectedly\n", "SSL connection has been closed unexpectedly"),
    ("It is closed", "It is closed"), ("invalid socket\n", nil), ("", nil),
  ])
  func whatIsSaidOfALostConnectionIsOneLine(_ message: String, _ cause: String?) throws {
    let settings = try ConnectionSettings(
      name: "demo", connectionString: "host=nowhere", applicationName: "test")
    #expect(Fault.lost(settings, message).cause == cause)
  }

  /// What a row held must not be in any text, unless asked for.
  @Test(arguments: [
    "INSERT INTO t VALUES ('canary'), ('canary')", "SELECT 'canary'::int", "SELECT 'x\"canary\"y'::int",
    "SELECT 'canary'::date", "INSERT INTO t VALUES ('canary-too-long')", "INSERT INTO u VALUES ('canary')",
  ])
  func rowDataStaysOut(sql: String) async throws {
    try await SharedServer.withSchema { settings, _ in
      for shows in [false, true] {
        var settings = settings
        settings.showsRowData = shows
        let connection = try await Connection.open(settings)
        try await connection.execute(
          """
          CREATE TABLE IF NOT EXISTS t (a varchar(8) PRIMARY KEY);
          CREATE TABLE IF NOT EXISTS u (b text REFERENCES t)
          """)
        let fault = await #expect(throws: Fault.self) { try await connection.execute(SQLText(trusted: sql)) }
        let isLength = sql.contains("too-long")
        #expect("\(String(describing: fault))".contains("canary") == (shows && !isLength))
      }
    }
  }

  @Test(arguments: [
    ("host=/nowhere dbname=x", "cannot_connect", FaultClass.connection, true),
    ("host=127.0.0.1 port=1 dbname=x", "cannot_connect", .connection, true),
    ("host=no-such-host.invalid dbname=x", "cannot_connect", .connection, true),
    ("SERVER dbname=nowhere", "unknown_database", .connection, false),
    ("SERVER dbname=postgres user=nobody_at_all", "login_refused", .auth, false),
    ("SERVER dbname=postgres sslmode=require host=127.0.0.1", "cannot_connect", .connection, true),
    ("SERVER dbname=postgres target_session_attrs=read-only", "cannot_connect", .connection, true),
  ])
  func refusals(text: String, code: String, kind: FaultClass, isTransient: Bool) async throws {
    let server = try await SharedServer.shared()
    let here = "user=postgres host=\(server.socketDirectory) port=\(server.port)"
    let settings = try ConnectionSettings(
      name: "shop", connectionString: text.replacing("SERVER", with: here) + " password=canary-password",
      applicationName: "test")
    let fault = await #expect(throws: Fault.self) { try await Connection.open(settings) }
    #expect(fault?.code == code)
    #expect(fault?.kind == kind)
    #expect(fault?.isTransient == isTransient)
    #expect(fault?.cause != nil)
    #expect(fault?.hint != nil)
    #expect(!"\(String(reflecting: fault))".contains("canary"))
  }

  /// libpq quotes the piece that it cannot read, which may be a password's.
  @Test(arguments: [
    "password=canary secret", "postgresql://u:canary%zz@h/d", "password='canary",
    "postgresql://u:canary@[h/d",
    "postgresql://u@h/d?password=canary=x", "postgresql://u@h/d?canary=1", "canary", "", "host=a canary=b",
    "password=canary\u{0}",
  ])
  func badConnectionStringsShowNothing(text: String) throws {
    let fault = #expect(throws: Fault.self) {
      try ConnectionSettings(name: "shop", connectionString: text, applicationName: "test")
    }
    #expect(fault?.code == "bad_connection_string")
    #expect(!"\(String(reflecting: fault))".contains("canary"))
  }

  /// What libpq refuses before it has tried a server is the string's fault, whatever the network does.
  @Test(arguments: [
    ("postgresql://u:canary/secret@h/d", "`port` is no whole number"),
    ("host=h port=70000", "`port` is not from 1 to 65535"),
    ("host=127.0.0.1 port=1 keepalives_idle=canary", "`keepalives_idle` is no whole number"),
    ("hostaddr=canary", "`hostaddr` is no network address"),
    ("sslmode=requird", "`sslmode` has no such value"),
    ("target_session_attrs=writable", "`target_session_attrs` has no such value"),
    ("service=nosuch", "its service cannot be found"),
    ("host=a,b,c port=1,2", "its values do not go together"),
    ("host=h connect_timeout=canary", "`connect_timeout` is no whole number of seconds"),
    ("host=h connect_timeout=9999999999", "`connect_timeout` is no whole number of seconds"),
    ("host=h connect_timeout='3 4'", "`connect_timeout` is no whole number of seconds"),
  ])
  func valuesOfConnectionStringsAreRefused(text: String, reason: String) async throws {
    let fault = await #expect(throws: Fault.self) {
      let settings = try ConnectionSettings(name: "shop", connectionString: text, applicationName: "test")
      _ = try await Connection.open(settings)
    }
    #expect(fault?.code == "bad_connection_string" && fault?.kind == .config, "\(String(describing: fault))")
    #expect(fault?.sentence == "The connection string of `shop` cannot be read: \(reason)")
    #expect(fault?.hint != nil)
    if reason.hasPrefix("`connect_timeout`") { #expect(fault?.hint?.contains("Write seconds") == true) }
    #expect(!"\(String(reflecting: fault))".contains("canary"))
  }

  @Test(arguments: ["connect_timeout=' 3 '", "connect_timeout=-1", "connect_timeout=0"])
  func waysToWriteAWholeNumber(text: String) throws {
    _ = try ConnectionSettings(name: "shop", connectionString: text, applicationName: "test")
  }

  @Test func whatASessionMayNotBeginWithIsTheStringsFault() async throws {
    let server = try await SharedServer.shared()
    let settings = try ConnectionSettings(
      name: "shop",
      connectionString: server.connectionString() + " options='-c nosuch=1'",
      applicationName: "test")
    let fault = await #expect(throws: Fault.self) { try await Connection.open(settings) }
    #expect(fault?.code == "bad_connection_string", "\(String(describing: fault))")
    #expect(fault?.cause?.contains("unrecognized configuration parameter \"nosuch\"") == true)
    #expect(fault?.cause?.split(separator: "; ").count == 1 && fault?.hint?.contains("`options`") == true)
  }

  @Test func settingsShowNoPassword() throws {
    let settings = try ConnectionSettings(
      name: "shop",
      connectionString: "postgresql://reader:canary-password@db.internal:5433/shop?sslpassword=canary2",
      applicationName: "test")
    var dumped = ""
    dump(settings, to: &dumped)
    for text in [
      "\(settings)", String(reflecting: settings), dumped, settings.redactor.mask("x canary-password y"),
    ] {
      #expect(!text.contains("canary"))
    }
    #expect(settings.description == "shop (reader@db.internal:5433/shop)")
  }

  /// A server that would echo the password in a message of its own.
  @Test func thePasswordIsMaskedInServerMessages() async throws {
    let server = try await SharedServer.shared()
    let settings = try ConnectionSettings(
      name: "shop", connectionString: server.connectionString() + " password=canary-password",
      applicationName: "test")
    let connection = try await Connection.open(settings)
    let fault = await #expect(throws: Fault.self) {
      try await connection.execute(
        "DO $$ BEGIN RAISE EXCEPTION 'canary-password' USING HINT = 'canary-password'; END $$")
    }
    #expect(fault?.cause?.contains("***") == true)
    #expect(!"\(String(reflecting: fault))".contains("canary"))
  }

  @Test func everyMeaningHasItsOwnName() {
    for state in SQLState.known {
      #expect(state.meaning.name.allSatisfy { $0.isLowercase || $0 == "_" })
      #expect(state.meaning.sentence.last != ".")
    }
  }
}
