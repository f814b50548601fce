import Model
import ProjectRig
import Runtime

/// What a process holds, by what the system says of it.
struct ProcessSize {
  /// In KiB.
  var memory: Int
  /// Open files, sockets and the like.
  var descriptors: Int

  init(of process: ChildProcess) throws {
    let folder = "/proc/\(process.identifier)"
    let status = String(
      decoding: try FileContents.read("\(folder)/status", atMost: ByteCount(65536)), as: UTF8.self)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    memory = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    descriptors = try FolderTree.names(in: "\(folder)/fd").count
  }
}

extension Sequence<Int> {
  /// The one in the middle; 0 of none.
  var median: Int {
    let sorted = sorted()
    return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }
}
