import Glibc
import Runtime

/// Programs of the system by which tests break things, where the machine has and allows them.
enum SystemProgram {
  static let strace = "/usr/bin/strace"

  /// Whether calls of the system can be made to fail, or to kill.
  static var hasStrace: Bool {
    get async throws {
      access(strace, X_OK) == 0 ? try await run(strace, "-qq", "-o", "/dev/null", "/bin/true") : false
    }
  }

  /// Runs one to its end.
  /// - Returns: whether it is there and has succeeded.
  static func run(_ arguments: String...) async throws -> Bool {
    if access(arguments[0], X_OK) != 0 { return false }
    let process = try ChildProcess(arguments, environment: ["PATH": "/usr/bin:/bin"], output: "/dev/null")
    return try await process.exit(within: .seconds(30)) == .status(0)
  }
}
