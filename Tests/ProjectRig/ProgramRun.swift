package import Runtime

/// How one start of the built `tidemark` ended, and all that it said.
package struct ProgramRun: Sendable {
  package var exit: ChildProcess.Exit
  /// Standard output and standard error, as they came.
  package var output: String

  package var status: Int32? {
    if case .status(let status) = exit { status } else { nil }
  }

  /// True where a failpoint or a test killed it.
  package var wasKilled: Bool { exit == .signal(9) }
}
