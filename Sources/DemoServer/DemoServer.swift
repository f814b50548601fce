internal import Glibc
package import Model
package import Postgres
internal import Runtime
internal import Synchronization

/// A throw-away Postgres of our own, in a temporary folder, reached by a private Unix socket only.
///
/// Works as root too (the server then runs as `postgres` or `nobody`). Whoever may enter the
/// socket's folder, mode 0700, is trusted; there is no network port. When this process dies, the
/// system stops the server, and the next start sweeps up its folder.
package final class DemoServer: Sendable {
  package let folder: String
  package var socketDirectory: String { folder + "/socket" }
  package let port = 5432
  /// The server's own log.
  package var logFile: String { folder + "/log/server.log" }

  private let command: [String]
  // A restart puts another process in place; nothing waits inside.
  private let running: Mutex<ChildProcess>
  private var process: ChildProcess { running.withLock { $0 } }
  private let isKept: Bool
  private let lock: LockFile

  package struct Options: Sendable {
    /// False trades safety against power loss for speed: right for tests.
    package var isDurable = false
    /// Leaves the server running when this process ends; `stopCommand` stops it.
    package var isKept = false
    /// Makes the server a hot standby that follows this one.
    package var primary: DemoServer?
    /// Further server settings, as in `postgresql.conf`.
    package var settings: [String: String] = [:]

    package init() {}
  }

  /// Makes a cluster, starts it, and waits until it answers.
  /// - Throws: `Fault` `no_postgres_server`, `no_server_user`, `demo_server_failed`, or a file fault.
  package static func start(_ options: Options = Options()) async throws -> DemoServer {
    let programs = try ServerPrograms.find()
    let user = try ServerUser.current()
    try sweep()
    let folder = try FolderTree.temporary(in: parentFolder, prefix: prefix)
    do {
      guard let lock = try LockFile.tryLock(folder + "/lock") else {
        throw Fault("demo_server_failed", .internal, "The new folder `\(folder)` is taken already")
      }
      try prepare(folder, user)
      if let primary = options.primary {
        try await copy(primary, to: folder, programs, user)
      } else {
        try await initialise(folder, programs, user)
      }
      let server = try DemoServer(folder, programs, user, options, consume lock)
      try await server.waitUntilReady()
      return server
    } catch {
      try FolderTree.remove(folder)
      throw error
    }
  }

  private init(
    _ folder: String, _ programs: ServerPrograms, _ user: ServerUser, _ options: Options,
    _ lock: consuming LockFile
  ) throws {
    var settings = options.settings
    settings["listen_addresses"] = ""
    settings["unix_socket_directories"] = folder + "/socket"
    settings["unix_socket_permissions"] = "0700"
    settings["port"] = "5432"
    if !options.isDurable {
      settings["fsync"] = "off"
      settings["synchronous_commit"] = "off"
      settings["full_page_writes"] = "off"
    }
    let arguments =
      [programs.postgres, "-D", folder + "/data"]
      + settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    command = user.command(arguments, diesWithUs: !options.isKept)
    running = Mutex(
      try ChildProcess(command, environment: Self.environment, output: folder + "/log/server.log"))
    isKept = options.isKept
    self.folder = folder
    self.lock = lock
  }

  /// A libpq connection string for a database of this server.
  package func connectionString(database: String = "postgres") -> String {
    "host=\(Self.quoted(socketDirectory)) port=\(port) user=postgres dbname=\(Self.quoted(database))"
  }

  /// Settings for a database of this server, under the name `demo`.
  package func settings(database: String = "postgres", name: String = "demo") throws(Fault)
    -> ConnectionSettings
  {
    try ConnectionSettings(
      name: name, connectionString: connectionString(database: database), applicationName: "tidemark")
  }

  /// What stops a server that was started with `isKept`.
  package var stopCommand: String {
    // Not before it has ended: it removes files of its own until then.
    "kill -INT \(process.identifier) && tail --pid=\(process.identifier) -f /dev/null && rm -r \(folder)"
  }

  /// Sends the server's main process a signal: what tests of a crash do.
  package func signal(_ number: Int32) {
    process.signal(number)
  }

  /// What `pg_ctl restart -m immediate` does: ends without saving, and recovers as after a crash.
  /// - Parameter body: what is done while it is away.
  package func restartImmediately(_ body: () async throws -> Void = {}) async throws {
    process.signal(SIGQUIT)
    guard try await process.exit(within: .seconds(20)) != nil else {
      throw Fault("demo_server_failed", .resource, "The demo server does not end")
    }
    try await body()
    let next = try ChildProcess(command, environment: Self.environment, output: logFile)
    running.withLock { $0 = next }
    try await waitUntilReady()
  }

  /// Stops the server, ending its connections, and removes its folder. Does so once; later calls
  /// find nothing to do.
  package func stop() throws(Fault) {
    if process.exit == nil {
      process.signal(SIGINT)
      if process.wait(atMost: .seconds(20)) == nil {
        process.signal(SIGQUIT)
        if process.wait(atMost: .seconds(5)) == nil { process.signal(SIGKILL) }
      }
    }
    try FolderTree.remove(folder)
  }

  private func waitUntilReady() async throws {
    let settings = try settings()
    while true {
      do {
        try await Connection.open(settings).close()
        return
      } catch let fault as Fault {
        if process.exit == nil, fault.isTransient {
          try await Task.sleep(for: .milliseconds(20))
          continue
        }
        process.signal(SIGQUIT)
        _ = process.wait(atMost: .seconds(5))
        throw Self.failure("The demo server does not start", log: logFile, fault.cause)
      }
    }
  }

  // MARK: The folder

  private static let prefix = "tidemark-demo-"

  /// `TMPDIR` where the path of a socket within it stays under the system's 107 bytes.
  private static var parentFolder: String {
    let given = Environment.process["TMPDIR"] ?? "/tmp"
    return given.utf8.count <= 60 && given.hasPrefix("/") ? given : "/tmp"
  }

  private static let environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"]

  /// The folder stays ours, so that nobody else can put another one in its place.
  private static func prepare(_ folder: String, _ user: ServerUser) throws(Fault) {
    if user.isOther, chmod(folder, 0o711) != 0 { throw SystemFault.fault("change the mode of", folder) }
    for name in ["data", "socket", "log"] {
      let path = folder + "/" + name
      if mkdir(path, 0o700) != 0 { throw SystemFault.fault("make", path) }
      if user.isOther, name != "log", chown(path, user.uid, user.gid) != 0 {
        throw SystemFault.fault("change the owner of", path)
      }
    }
  }

  private static func initialise(_ folder: String, _ programs: ServerPrograms, _ user: ServerUser)
    async throws
  {
    try await fill(
      folder,
      user.command(
        [
          programs.initdb, "-D", folder + "/data", "--username=postgres", "--auth=trust",
          "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
        ], diesWithUs: true))
  }

  /// A base backup that goes on by streaming (`-R`).
  private static func copy(
    _ primary: DemoServer, to folder: String, _ programs: ServerPrograms, _ user: ServerUser
  ) async throws {
    try await fill(
      folder,
      user.command(
        [
          programs.baseBackup, "-D", folder + "/data", "-h", primary.socketDirectory, "-p",
          "\(primary.port)", "-U", "postgres", "-R", "--no-sync", "--checkpoint=fast",
        ], diesWithUs: true))
  }

  private static func fill(_ folder: String, _ command: [String]) async throws {
    let log = folder + "/log/initdb.log"
    let process = try ChildProcess(command, environment: environment, output: log)
    if try await process.exit(within: .seconds(120)) != .status(0) {
      process.signal(SIGKILL)
      throw failure("The demo server's data folder cannot be made", log: log, nil)
    }
  }

  private static func failure(_ sentence: String, log: String, _ cause: String?) -> Fault {
    // The folder goes away with the log in it, so its end is put into the fault.
    let said: String
    do throws(Fault) {
      let bytes = try FileContents.read(log, atMost: ByteCount(1 << 20))
      said = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(5).joined(separator: "; ")
    } catch {
      // What went wrong first matters more than why its log says nothing.
      said = error.sentence
    }
    return Fault(
      "demo_server_failed", .resource, sentence,
      cause: [said, cause].compactMap(\.self).joined(separator: "; "))
  }

  /// Removes the folders of servers whose starter was killed. Only our own ones, and none whose
  /// server still runs, nor any of the last minute: its starter may not have come to lock it.
  private static func sweep() throws(Fault) {
    for name in try FolderTree.names(in: parentFolder) where name.hasPrefix(prefix) {
      let path = parentFolder + "/" + name
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
        time(nil) - status.st_mtim.tv_sec > 60, access(path + "/lock", F_OK) == 0,
        try LockFile.tryLock(path + "/lock") != nil,
        !isRunning(path)
      else { continue }
      try FolderTree.remove(path)
    }
  }

  private static func isRunning(_ folder: String) -> Bool {
    let path = folder + "/data/postmaster.pid"
    let bytes: [UInt8]
    do throws(Fault) {
      bytes = try FileContents.read(path, atMost: ByteCount(4096))
    } catch {
      // Without the file there is no server. One that cannot be read may be a living server's.
      return access(path, F_OK) == 0
    }
    guard let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first,
      let number = Int32(line)
    else { return false }
    return kill(number, 0) == 0 || errno == EPERM
  }

  /// A value of a libpq connection string.
  private static func quoted(_ text: String) -> String {
    var out = "'"
    for scalar in text.unicodeScalars {
      if scalar == "'" || scalar == "\\" { out += "\\" }
      out.unicodeScalars.append(scalar)
    }
    return out + "'"
  }
}
