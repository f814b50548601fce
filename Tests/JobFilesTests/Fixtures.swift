import Foundation
import JobFiles
import Model

/// The files under `fixtures/` and `jobs/`, found from this file's own place.
enum Fixtures {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  static func files(in folder: String, ending: String = ".yaml") -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")
    return (names ?? []).filter { $0.hasSuffix(ending) }.sorted().map { "\(root)/\(folder)/\($0)" }
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
  }

  static func text(_ path: String) throws -> String {
    String(decoding: try bytes(path), as: UTF8.self)
  }

  /// The project that the fixture jobs belong to.
  static func project(_ path: String = "fixtures/jobs/tidemark.yaml") throws -> ProjectFile {
    try ProjectFile.read(root: "\(root)/fixtures/jobs", configs: ["\(root)/\(path)"]).get()
  }

  /// Reads a job text as if it stood in `job.yaml`.
  static func read(_ text: String, project: ProjectFile? = nil) throws -> Result<JobFile.Reading, Faults> {
    JobFile.read(bytes: Array(text.utf8), file: "job.yaml", project: try project ?? Self.project())
  }
}

extension Fault {
  /// `line:column: error[code]: sentence | cause | hint`, as the expectation files have it.
  func line(_ word: String) -> String {
    let place = place.map { "\($0.line):\($0.column): " } ?? ""
    let parts = [sentence, cause.map { "because \($0)" }, hint].compactMap(\.self)
    return "\(place)\(word)[\(code)]: \(parts.joined(separator: " | "))"
  }
}
