import Glibc
import Runtime

/// Programs of the system by which tests break things, where the machine has and allows them.
enum SystemProgram {
  static let strace = "/usr/bin/strace"

  /// Whether calls of the system can be made to fail, or to kill.
  static var hasStrace: Bool {
    access(strace, X_OK) == 0 && run(strace, "-qq", "-o", "/dev/null", "/bin/true")
  }

  /// Runs one to its end.
  @discardableResult
  static func run(_ arguments: String...) -> Bool {
    do {
      let process = try ChildProcess(arguments, environment: ["PATH": "/usr/bin:/bin"], output: "/dev/null")
      return process.wait(atMost: .seconds(30)) == .status(0)
    } catch {
      return false
    }
  }
}
