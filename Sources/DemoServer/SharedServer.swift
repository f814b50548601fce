internal import Glibc
package import Model
package import Postgres
internal import Runtime
internal import Synchronization

/// One throw-away server for all tests of a process, started by the first that asks, stopped when
/// the process ends.
package enum SharedServer {
  private static let start = Mutex<Task<DemoServer, any Error>?>(nil)
  private static let started = Mutex<DemoServer?>(nil)
  private static let counter = Atomic(0)
  /// Tests all start at once; so many databases at a time is as fast as it gets.
  private static let permits = Permits(12)

  /// The server; every caller gets the same one.
  package static func shared() async throws -> DemoServer {
    let task = start.withLock { start in
      if let start { return start }
      let task = Task {
        var options = DemoServer.Options()
        options.settings = ["max_connections": "300"]
        let server = try await DemoServer.start(options)
        started.withLock { $0 = server }
        atexit {
          // Nobody is left to be told; what cannot be removed now is swept up by the next start.
          SharedServer.started.withLock { server in
            do { try server?.stop() } catch {}
          }
        }
        return server
      }
      start = task
      return task
    }
    return try await task.value
  }

  /// Runs `body` with a new, empty database, and drops it afterwards.
  @discardableResult
  package nonisolated(nonsending) static func withDatabase<Output>(
    _ body: (ConnectionSettings) async throws -> Output
  ) async throws -> Output {
    let server = try await shared()
    try await permits.take()
    defer { permits.giveBack() }
    let name = Identifier("test_\(counter.add(1, ordering: .relaxed).newValue)")
    let admin = try await Connection.open(server.settings())
    try await admin.execute("CREATE DATABASE \(name)")
    let result: Result<Output, any Error>
    do {
      result = .success(try await body(server.settings(database: name.name)))
    } catch {
      result = .failure(error)
    }
    try await admin.execute("DROP DATABASE \(name) WITH (FORCE)")
    await admin.close()
    return try result.get()
  }

  /// Runs `body` with a new, empty schema of a database that all tests share, and drops it
  /// afterwards: much cheaper than a database. The settings' sessions, and also their transactions,
  /// find unqualified names in it.
  @discardableResult
  package nonisolated(nonsending) static func withSchema<Output>(
    _ body: (ConnectionSettings, Identifier) async throws -> Output
  ) async throws -> Output {
    let server = try await shared()
    try await permits.take()
    defer { permits.giveBack() }
    let name = Identifier("test_\(counter.add(1, ordering: .relaxed).newValue)")
    let settings = try ConnectionSettings(
      name: "demo", connectionString: server.connectionString() + " options='-c search_path=\(name)'",
      applicationName: "tidemark", searchPath: [name.name])
    let admin = try await Connection.open(server.settings())
    try await admin.execute("CREATE SCHEMA \(name)")
    let result: Result<Output, any Error>
    do {
      result = .success(try await body(settings, name))
    } catch {
      result = .failure(error)
    }
    try await admin.execute("SET client_min_messages = error; DROP SCHEMA \(name) CASCADE")
    await admin.close()
    return try result.get()
  }

  /// Runs `body` with a connection to a new, empty database, and drops it afterwards.
  @discardableResult
  package nonisolated(nonsending) static func withConnection<Output>(
    _ body: (Connection) async throws -> Output
  ) async throws -> Output {
    try await withDatabase { settings in
      let connection = try await Connection.open(settings)
      let output = try await body(connection)
      await connection.close()
      return output
    }
  }
}
