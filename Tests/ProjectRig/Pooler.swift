package import DemoServer
internal import Glibc
package import Model
package import Postgres
internal import Runtime

/// A pgbouncer of one test's own, in front of a throw-away server.
package struct Pooler: Sendable {
  /// Where its socket is.
  package let folder: String
  package static let port = 6432
  private let process: ChildProcess
  private static let program = "/usr/sbin/pgbouncer"

  /// Whether there is a pgbouncer on this machine.
  package static var isInstalled: Bool { access(program, X_OK) == 0 }

  /// When connections of the server go back to the pool.
  package enum Mode: String, Sendable, CaseIterable { case transaction, session }

  /// Runs `body` once it answers, and ends it.
  /// - Parameter size: how many connections of the server a database's clients share.
  package nonisolated(nonsending) static func with(
    _ server: DemoServer, _ mode: Mode = .transaction, size: Int = 20,
    _ body: (Pooler) async throws -> Void
  ) async throws {
    let pooler = try Pooler(server, mode, size)
    try await CleanUp.after {
      try await pooler.waitUntilReady()
      try await body(pooler)
    } cleanUp: {
      pooler.process.signal(SIGKILL)
      _ = try await pooler.process.exit(within: .seconds(10))
      try FolderTree.remove(pooler.folder)
    }
  }

  private init(_ server: DemoServer, _ mode: Mode, _ size: Int) throws(Fault) {
    folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-pooler-")
    try FileDescriptor(folder + "/ini", O_WRONLY | O_CREAT, mode: 0o644).write(
      Array(
        """
        [databases]
        * = host=\(server.socketDirectory) port=\(server.port) user=postgres
        [pgbouncer]
        pool_mode = \(mode.rawValue)
        default_pool_size = \(size)
        auth_type = any
        listen_addr =
        unix_socket_dir = \(folder)
        listen_port = \(Pooler.port)
        ignore_startup_parameters = extra_float_digits

        """.utf8))
    // pgbouncer, too, refuses to be root.
    let isRoot = geteuid() == 0
    if isRoot, chmod(folder, 0o777) != 0 { throw SystemFault.fault("change the mode of", folder) }
    process = try ChildProcess(
      [Pooler.program] + (isRoot ? ["-u", "postgres"] : []) + [folder + "/ini"], environment: [:],
      output: folder + "/log")
  }

  private nonisolated(nonsending) func waitUntilReady() async throws {
    func said() throws(Fault) -> String {
      String(decoding: try FileContents.read(folder + "/log", atMost: ByteCount(1 << 16)), as: UTF8.self)
    }
    // Its socket is there a moment before it listens; this it says behind that.
    while try !said().contains("process up") {
      guard process.exit == nil else {
        throw Fault("pooler_failed", .resource, "pgbouncer does not start", cause: try said())
      }
      await Task.yield()
    }
  }

  /// A libpq connection string by way of the pooler.
  package func connectionString(database: String) -> String {
    "host=\(folder) port=\(Pooler.port) user=postgres dbname=\(database)"
  }

  package func settings(database: String) throws(Fault) -> ConnectionSettings {
    try ConnectionSettings(
      name: "pooled", connectionString: connectionString(database: database), applicationName: "test")
  }
}
