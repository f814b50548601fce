internal import Glibc
internal import Model

/// Whom the server runs as: Postgres refuses to run as root, so there it is `postgres` or `nobody`.
struct ServerUser {
  let uid: uid_t
  let gid: gid_t
  /// True where the programs must be started as somebody else than we are.
  let isOther: Bool

  /// - Throws: `Fault` `no_server_user` for root on a machine with neither of the users.
  static func current() throws(Fault) -> ServerUser {
    if geteuid() != 0 { return ServerUser(uid: geteuid(), gid: getegid(), isOther: false) }
    for name in ["postgres", "nobody"] {
      if let entry = getpwnam(name) {
        return ServerUser(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid, isOther: true)
      }
    }
    throw Fault(
      "no_server_user", .resource, "Postgres refuses to run as root, and there is no user to run it as",
      hint: "Make one: `adduser --system postgres`; or start this as another user than root")
  }

  /// The command line that runs `arguments` as this user.
  /// - Parameter diesWithUs: lets the system stop it (SIGINT, a fast shutdown) when this process
  ///   dies without stopping it.
  func command(_ arguments: [String], diesWithUs: Bool) -> [String] {
    var command = ["/usr/bin/setpriv"]
    if isOther { command += ["--reuid=\(uid)", "--regid=\(gid)", "--clear-groups"] }
    if diesWithUs { command += ["--pdeathsig=INT"] }
    return command.count == 1 ? arguments : command + ["--"] + arguments
  }
}
