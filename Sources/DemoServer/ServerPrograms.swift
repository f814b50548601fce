internal import Glibc
internal import Model
internal import Runtime

/// Where Postgres's server programs are on this machine.
struct ServerPrograms {
  let folder: String

  var initdb: String { folder + "/initdb" }
  var postgres: String { folder + "/postgres" }
  /// A folder on PATH may hold links to some of the programs only: this one lies where `postgres` does.
  var baseBackup: String {
    FolderTree.parent(of: Path.real(postgres) ?? postgres) + "/pg_basebackup"
  }

  /// Looks on `PATH`, then where Debian puts them, newest version first.
  /// - Throws: `Fault` `no_postgres_server`.
  static func find(_ environment: Environment = .process) throws(Fault) -> ServerPrograms {
    var folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
    for root in ["/usr/lib/postgresql", "/usr/local/lib/postgresql"] where access(root, R_OK) == 0 {
      let versions = try FolderTree.names(in: root).compactMap { Int($0) }.sorted(by: >)
      folders += versions.map { "\(root)/\($0)/bin" }
    }
    folders.append("/usr/local/pgsql/bin")
    for folder in folders {
      let programs = ServerPrograms(folder: folder)
      if access(programs.initdb, X_OK) == 0, access(programs.postgres, X_OK) == 0 { return programs }
    }
    throw Fault(
      "no_postgres_server", .resource, "Postgres's server programs are not on this machine",
      hint: "Install them: `apt-get install postgresql`; or put the folder of `initdb` and `postgres` on PATH"
    )
  }
}
