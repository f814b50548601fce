internal import Glibc
package import Model
package import Postgres

extension Store {
  /// Opens the state in a SQLite file, and makes it where there is none.
  /// - Parameter now: the clock that records are dated by.
  /// - Throws: `Fault` naming the file and what is wrong with it: `state_foreign`, `state_newer`,
  ///   `state_damaged`, `state_busy`, `state_read_only`, `state_unopenable`, `disk_full`, `io_error`.
  package static func openSQLite(path: String, now: @escaping @Sendable () -> Instant) async throws -> Store {
    let database = try await SQLiteDatabase(path: path, now: now)
    let locks = StateFolder.folder(of: path) + "/runs"
    try StateFolder.make(locks)
    return Store(
      database: database, owners: .lockFiles(RunLocks(folder: locks)), host: hostName(), processID: getpid())
  }

  /// A state that holds nothing and leaves nothing: for who looks where there is none yet.
  /// - Parameter locks: the folder where the locks of runs would be.
  package static func openEmpty(locks: String, now: @escaping @Sendable () -> Instant) async throws -> Store {
    let database = try await SQLiteDatabase(path: SQLiteDatabase.memory, now: now)
    return Store(
      database: database, owners: .lockFiles(RunLocks(folder: locks)), host: hostName(), processID: getpid())
  }

  /// Opens the state in a Postgres database, and makes its schema where there is none.
  /// - Parameter lease: how long an owner that says nothing is taken to live; at least a second.
  /// - Throws: `Fault` `state_behind_pooler`, `state_newer`, `state_foreign`, `state_encoding`, or
  ///   what the connection throws.
  package static func openPostgres(
    _ settings: ConnectionSettings, lease: Duration = .seconds(12)
  ) async throws -> Store {
    let database = try await PostgresDatabase(settings: settings, limits: PostgresLimits(lease: lease))
    return Store(database: database, owners: .leases(lease), host: hostName(), processID: getpid())
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
