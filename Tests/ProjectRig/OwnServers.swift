package import DemoServer
internal import Runtime

/// Servers of one test's own, which it may crash.
package enum OwnServers {
  /// Runs `body` with them, and stops all of them.
  /// - Parameters:
  ///   - settings: as in `postgresql.conf`.
  ///   - isDurable: whether they keep what is committed when they crash.
  ///   - primary: the one that they are to follow as hot standbys.
  package nonisolated(nonsending) static func with<Output>(
    _ count: Int = 1, settings: [String: String] = [:], isDurable: Bool = true, primary: DemoServer? = nil,
    _ body: ([DemoServer]) async throws -> Output
  ) async throws -> Output {
    var options = DemoServer.Options()
    options.isDurable = isDurable
    options.settings = settings
    options.primary = primary
    var servers: [DemoServer] = []
    return try await CleanUp.after {
      for _ in 0..<count { servers.append(try await DemoServer.start(options)) }
      return try await body(servers)
    } cleanUp: {
      let thread = try ThreadExecutor(name: "stopping")
      let servers = servers
      let failures = await withTaskExecutorPreference(thread) {
        servers.map { server in Result { try server.stop() } }
      }
      for failure in failures { try failure.get() }
    }
  }
}
