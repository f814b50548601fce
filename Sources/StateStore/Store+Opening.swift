internal import Glibc
package import Model

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

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
