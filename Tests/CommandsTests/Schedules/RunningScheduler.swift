import Glibc
import Model
import ProjectRig
import Runtime

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

  var log: String {
    get throws {
      if access(output, F_OK) != 0 { return "" }
      return String(
        decoding: try FileContents.read(output, atMost: ByteCount(16 << 20)), as: UTF8.self)
    }
  }

  /// Returns when the log says `text` for the `times`th time; false where the scheduler ends without that.
  func says(_ text: String, times: Int = 1) async throws -> Bool {
    while try log.ranges(of: text).count < times {
      if process.exit != nil { return try log.ranges(of: text).count >= times }
      try Task.checkCancellation()
      await Task.yield()
    }
    return true
  }

  /// Asks it to stop, and waits for that.
  func stop() async throws -> ProgramRun {
    process.signal(SIGTERM)
    return try await project.end(of: process, output: output)
  }

  func kill() async throws {
    process.signal(SIGKILL)
    _ = try await project.end(of: process, output: output)
  }
}
