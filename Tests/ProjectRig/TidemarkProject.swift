package import DemoServer
internal import Glibc
package import Model
package import Postgres
package import Runtime

/// A project folder of its own for one test, over a database of its own, and the built program to
/// run in it: tests of crashes must kill a whole process.
package struct TidemarkProject: Sendable {
  package let folder: String
  /// A libpq connection string for the test's database.
  package let database: String
  package let settings: ConnectionSettings

  private static let patience = Duration.seconds(120)

  /// Runs `body` with a project whose connection `db` is a new database, and removes both.
  @discardableResult
  package nonisolated(nonsending) static func with<Output>(
    _ body: (TidemarkProject) async throws -> Output
  ) async throws -> Output {
    try await SharedServer.withDatabase { settings in
      let server = try await SharedServer.shared()
      let connection = try await Connection.open(settings)
      let name = try await connection.query("SELECT current_database()").onlyRow[0] ?? ""
      await connection.close()
      return try await with(server.connectionString(database: name), settings, body)
    }
  }

  /// The same over the one database of a server of the test's own.
  @discardableResult
  package nonisolated(nonsending) static func with<Output>(
    on server: DemoServer, _ body: (TidemarkProject) async throws -> Output
  ) async throws -> Output {
    try await with(server.connectionString(), server.settings(), body)
  }

  private nonisolated(nonsending) static func with<Output>(
    _ database: String, _ settings: ConnectionSettings, _ body: (TidemarkProject) async throws -> Output
  ) async throws -> Output {
    let folder = try FolderTree.temporary(in: "/tmp", prefix: "tidemark-test-")
    let project = TidemarkProject(folder: folder, database: database, settings: settings)
    return try await CleanUp.after {
      for name in ["jobs", "out"] { mkdir("\(folder)/\(name)", 0o755) }
      try project.write("tidemark.yaml", project.file())
      return try await body(project)
    } cleanUp: {
      try FolderTree.remove(folder)
    }
  }

  /// The text of tidemark.yaml, with further top-level lines.
  package func file(_ more: String = "") -> String {
    """
    version: 1
    project: test
    connections:
      db: {url: "\(database)", search_path: [public]}
    defaults: {timezone: UTC}

    """ + more
  }

  /// The line of tidemark.yaml that puts the state into a database, which a URL must name.
  package static func stateLine(_ database: String) -> String {
    let parts = database.split(separator: " ").map {
      $0.split(separator: "=", maxSplits: 1)[1].filter { $0 != "'" }
    }
    let host = parts[0].replacing("/", with: "%2F")
    return "state: \"postgresql://\(parts[2])@\(host):\(parts[1])/\(parts[3])\"\n"
  }

  // MARK: Files

  package func path(_ name: String) -> String { "\(folder)/\(name)" }

  /// Puts a file there in one step, so that a scheduler that watches sees the old one or the new one.
  package func write(_ name: String, _ text: String) throws(Fault) {
    let new = path(name) + ".new"
    let file = try FileDescriptor(new, O_WRONLY | O_CREAT | O_TRUNC)
    try file.write(Array(text.utf8))
    if rename(new, path(name)) != 0 { throw SystemFault.fault("write", path(name)) }
  }

  /// - Returns: the file's bytes; `nil` where there is none.
  package func read(_ name: String) throws(Fault) -> [UInt8]? {
    if access(path(name), F_OK) != 0 { return nil }
    return try FileContents.read(path(name), atMost: ByteCount(64 << 20))
  }

  // MARK: The program

  /// Beside the test bundle, where the build puts both.
  private static let program: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let path = String(decoding: buffer[..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/tidemark"
  }()

  /// Starts `tidemark` in the project, and does not wait for its end.
  /// - Parameter wrapper: a command line that the program's is put behind.
  package func start(
    _ arguments: [String], environment: [String: String] = [:], output: String, behind wrapper: [String] = []
  ) throws(Fault) -> ChildProcess {
    var variables = ["PATH": "/usr/bin:/bin", "HOME": folder, "LANG": "C.UTF-8"]
    // What a sanitizer is told holds for the program as well.
    for name in ["ASAN_OPTIONS", "TSAN_OPTIONS"] {
      if let value = getenv(name) { variables[name] = String(cString: value) }
    }
    variables.merge(environment) { $1 }
    return try ChildProcess(
      wrapper + [TidemarkProject.program] + arguments + ["--project", folder], environment: variables,
      output: output)
  }

  /// Runs `tidemark` in the project to its end.
  /// - Parameter failpoint: as in `TIDEMARK_FAILPOINT`.
  package func run(
    _ arguments: [String], failpoint: String? = nil, environment: [String: String] = [:],
    behind wrapper: [String] = []
  ) async throws -> ProgramRun {
    var environment = environment
    if let failpoint { environment["TIDEMARK_FAILPOINT"] = failpoint }
    let output = try newOutput()
    let process = try start(arguments, environment: environment, output: output, behind: wrapper)
    return try await end(of: process, output: output)
  }

  /// A place of its own for what one program says.
  package func newOutput() throws(Fault) -> String {
    try FolderTree.temporary(in: folder, prefix: ".said-") + "/output"
  }

  /// What the last `count` programs said whose output has a place of its own, in the order of their starts.
  package func lastSaid(_ count: Int) throws -> String {
    let places = try FolderTree.names(in: folder).filter { $0.hasPrefix(".said-") }.map(path)
    let times = try places.map {
      (place: $0, begun: try FileTimes(of: $0)?.modified ?? Instant(microseconds: 0))
    }
    return try times.sorted { $0.begun < $1.begun }.suffix(count).map {
      String(
        decoding: try FileContents.read($0.place + "/output", atMost: ByteCount(16 << 20)), as: UTF8.self)
    }.joined(separator: "---\n")
  }

  /// Waits for the end of a started program.
  package func end(of process: ChildProcess, output: String) async throws -> ProgramRun {
    let exit = try await process.exit(within: TidemarkProject.patience)
    if exit == nil { process.signal(SIGKILL) }
    let text = try FileContents.read(output, atMost: ByteCount(16 << 20))
    return ProgramRun(exit: exit ?? .status(-1), output: String(decoding: text, as: UTF8.self))
  }

  // MARK: The database

  /// Runs statements, one by one, over a connection of its own.
  package func sql(_ statements: String...) async throws {
    try await sql(statements)
  }

  package func sql(_ statements: [String]) async throws {
    let connection = try await Connection.open(settings)
    for statement in statements { try await connection.execute(SQLText(trusted: statement)) }
    await connection.close()
  }

  /// The rows of a query as text; `NULL` for NULL.
  package func rows(_ query: String) async throws -> [[String]] {
    try await rows([query])
  }

  /// The rows of several queries, one behind the other.
  package func rows(_ queries: [String]) async throws -> [[String]] {
    let connection = try await Connection.open(settings)
    var rows: [[String]] = []
    for query in queries {
      let answer = try await connection.query(SQLText(trusted: query))
      rows += answer.rows.map { row in (0..<row.count).map { row[$0] ?? "NULL" } }
    }
    await connection.close()
    return rows
  }
}
