internal import Glibc
package import Model
package import Postgres
internal import Runtime

extension Store {
  /// Opens the state in a SQLite file, and makes it where there is none.
  /// - Parameter now: the clock that records are dated by.
  /// - Throws: `Fault` naming the file and what is wrong with it: `state_foreign`, `state_newer`,
  ///   `state_damaged`, `state_busy`, `state_read_only`, `state_unopenable`, `disk_full`, `io_error`.
  package static func openSQLite(path: String, now: @escaping @Sendable () -> Instant) async throws -> Store {
    let database = try await SQLiteDatabase(path: path, now: now)
    let locks = FolderTree.parent(of: path) + "/runs"
    try StateFolder.make(locks)
    return Store(
      database: database, owners: .lockFiles(RunLocks(folder: locks)), host: hostName(), processID: getpid(),
      hostNow: now)
  }

  /// A state that holds nothing and leaves nothing: for who looks where there is none yet.
  /// - Parameters:
  ///   - location: where one would lie.
  ///   - locks: the folder where the locks of runs would be.
  package static func openEmpty(
    inPlaceOf location: String, locks: String, now: @escaping @Sendable () -> Instant
  ) async throws -> Store {
    let database = try await SQLiteDatabase(path: SQLiteDatabase.memory, now: now)
    return Store(
      database: database, owners: .lockFiles(RunLocks(folder: locks)), host: hostName(), processID: getpid(),
      absentLocation: location, hostNow: now)
  }

  /// Opens the state in a Postgres database.
  /// - Parameters:
  ///   - lease: how long an owner that says nothing is taken to live; at least a second.
  ///   - makesSchema: makes its schema where there is none.
  /// - Throws: `Fault` `state_behind_pooler`, `state_newer`, `state_foreign`, `state_encoding`, or
  ///   what the connection throws; `no_state` where there is none and none is made.
  package static func openPostgres(
    _ settings: ConnectionSettings, lease: Duration = .seconds(12), makesSchema: Bool = true
  ) async throws -> Store {
    let database: PostgresDatabase
    do {
      database = try await PostgresDatabase(
        settings: settings, limits: PostgresLimits(lease: lease), makesSchema: makesSchema)
    } catch let refused as Fault where refused.code == "missing_privilege" {
      var fault = refused
      fault.hint =
        "The state's role owns its schema `tidemark_state`; to make it, it needs CREATE on the database"
      throw fault
    }
    return Store(database: database, owners: .leases(lease), host: hostName(), processID: getpid())
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
