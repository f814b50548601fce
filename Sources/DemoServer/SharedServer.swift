internal import Glibc
internal import Model
package import Postgres
internal import Synchronization

/// One throw-away server for all tests of a process, started by the first that asks, stopped when
/// the process ends.
package enum SharedServer {
  private static let start = Mutex<Task<DemoServer, any Error>?>(nil)
  private static let started = Mutex<DemoServer?>(nil)
  private static let counter = Atomic(0)

  /// The server; every caller gets the same one.
  package static func shared() async throws -> DemoServer {
    let task = start.withLock { start in
      if let start { return start }
      let task = Task {
        let server = try await DemoServer.start()
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
