import Glibc
import ProjectRig

/// A session of a server on this machine, by its process.
enum ServerSession {
  /// `kill -9`, which takes all other sessions with it and ends in crash recovery. Comes back when the server has noticed:
  /// until then it takes connections as if nothing had happened.
  /// - Returns: false where it had ended by itself.
  static func kill(_ process: Int32) async throws -> Bool {
    if Glibc.kill(process, SIGKILL) != 0 { return false }
    try await Patience.until("the killed session is buried") { Glibc.kill(process, 0) != 0 }
    return true
  }
}
