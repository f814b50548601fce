package import DemoServer
internal import Runtime

/// Durable servers of one test's own, which it may crash.
package enum OwnServers {
  /// Runs `body` with them, and stops all of them.
  /// - Parameter settings: as in `postgresql.conf`.
  package nonisolated(nonsending) static func with(
    _ count: Int = 1, settings: [String: String] = [:], _ body: ([DemoServer]) async throws -> Void
  ) async throws {
    var options = DemoServer.Options()
    options.isDurable = true
    options.settings = settings
    var servers: [DemoServer] = []
    var outcome: Result<Void, any Error>
    do {
      for _ in 0..<count { servers.append(try await DemoServer.start(options)) }
      outcome = .success(try await body(servers))
    } catch {
      outcome = .failure(error)
    }
    let thread = try ThreadExecutor(name: "stopping")
    for server in servers {
      do {
        try await withTaskExecutorPreference(thread) { try server.stop() }
      } catch {
        if case .success = outcome { outcome = .failure(error) }
      }
    }
    try outcome.get()
  }
}
