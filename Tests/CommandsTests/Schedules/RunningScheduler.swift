import Glibc
import Model
import ProjectRig
import Runtime
import Testing

/// A `tidemark scheduler` that goes on in a test's project, and what it says.
struct RunningScheduler {
  let project: TidemarkProject
  let process: ChildProcess
  private let output: String

  init(_ project: TidemarkProject, environment: [String: String] = [:]) throws {
    self.project = project
    output = try FolderTree.temporary(in: project.folder, prefix: ".scheduler-") + "/log"
    process = try project.start(["scheduler"], environment: environment, output: output)
  }

  /// Hands `body` a list for the schedulers that it starts; those that have not ended behind it are killed, also
  /// where it throws.
  static func with(_ body: (inout [RunningScheduler]) async throws -> Void) async throws {
    var schedulers: [RunningScheduler] = []
    try await CleanUp.after {
      try await body(&schedulers)
    } cleanUp: {
      for scheduler in schedulers where scheduler.process.exit == nil { try await scheduler.kill() }
    }
  }

  var log: String {
    get throws {
      if access(output, F_OK) != 0 { return "" }
      return String(
        decoding: try FileContents.read(output, atMost: ByteCount(16 << 20)), as: UTF8.self)
    }
  }

  /// Returns when the log says `text` for the `times`th time; false where the scheduler ends without that.
  func says(_ text: String, times: Int = 1) async throws -> Bool {
    try await Patience.until("the scheduler says \(text)", said: { try log }) {
      // What it says last, it has said before it is seen to have ended.
      let hasEnded = process.exit != nil
      return try log.ranges(of: text).count >= times || hasEnded
    }
    return try log.ranges(of: text).count >= times
  }

  /// Returns when a failpoint of effect `stop` has halted it.
  func standsStill(_ location: SourceLocation = #_sourceLocation) async throws {
    try await Patience.until("the scheduler stands still", said: { try log }) {
      process.exit != nil || process.standsStill
    }
    let said = try log
    #expect(process.exit == nil, "\(said)", sourceLocation: location)
  }

  /// Asks one that has begun to stop; expects a clean end.
  @discardableResult
  func stop(_ location: SourceLocation = #_sourceLocation) async throws -> ProgramRun {
    // Where it never begins its end tells.
    _ = try await says("scheduler_started")
    process.signal(SIGTERM)
    let run = try await end()
    #expect(run.exit == .status(0), "\(run.output.suffix(4000))", sourceLocation: location)
    return run
  }

  func kill() async throws {
    process.signal(SIGKILL)
    _ = try await end()
  }

  func end() async throws -> ProgramRun { try await project.end(of: process, output: output) }
}
